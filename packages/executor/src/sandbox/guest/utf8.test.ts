import { array, assert, integer, nat, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anyCharacter } from '../../../../../tests/support/any-character.ts'
import { capturePrimordials } from './primordials.ts'
import { isLongerThan, utf8Length, utf8Prefix } from './utf8.ts'

const p = capturePrimordials()

/** Arbitrary sequences of UTF-16 units, with many paired and unpaired surrogates. */
const anyUnits = array(oneof(integer({ min: 0, max: 0xffff }), integer({ min: 0xd7fe, max: 0xe001 })), {
  maxLength: 30,
}).map((units) => String.fromCharCode(...units))
const texts = oneof(string({ unit: anyCharacter }), anyUnits)

describe('the length in UTF-8', () => {
  test('is the length that Node computes for any text', () => {
    assert(
      property(texts, (text) => {
        expect(utf8Length(p, text)).toBe(Buffer.byteLength(text))
      }),
    )
  })

  test('is the length that Node computes for long texts, wherever the first non-ASCII character is', () => {
    const ascii = 'a~\n\0\x7f'.repeat(400)
    assert(
      property(texts, nat(ascii.length), (text, at) => {
        const long = ascii.slice(0, at) + text + ascii.slice(at)
        expect(utf8Length(p, long)).toBe(Buffer.byteLength(long))
      }),
    )
    expect(utf8Length(p, ascii)).toBe(ascii.length)
    for (const blank of ['\u0080', '\u00a0', '\u2028', '\ufeff', '\ud800']) {
      expect(utf8Length(p, ascii + blank)).toBe(Buffer.byteLength(ascii + blank))
    }
  })

  test.each([
    ['', 0],
    ['\u007f', 1],
    ['\u0080', 2],
    ['\u07ff', 2],
    ['\u0800', 3],
    ['\uffff', 3],
    ['\u{10000}', 4],
    ['\u{10ffff}', 4],
    ['\ud800', 3],
    ['\udc00\ud800', 6],
    ['\ud800\ud800\udc00', 7],
  ])('of %j is %i', (text, bytes) => {
    expect(utf8Length(p, text)).toBe(bytes)
  })

  test('is compared with a limit without counting when the length suffices', () => {
    assert(
      property(texts, nat(100), (text, limit) => {
        expect(isLongerThan(p, text, limit)).toBe(Buffer.byteLength(text) > limit)
      }),
    )
    for (const [text, bytes] of [['é'.repeat(10), 20] as const, ['a'.repeat(10), 10] as const]) {
      expect([isLongerThan(p, text, bytes - 1), isLongerThan(p, text, bytes)]).toEqual([true, false])
    }
  })
})

describe('a prefix in UTF-8', () => {
  test('is the longest prefix of whole characters that fits', () => {
    assert(
      property(texts, nat(100), (text, limit) => {
        // Iteration goes by characters: a surrogate pair is one, and so is an unpaired surrogate.
        let expected = ''
        for (const character of text) {
          if (Buffer.byteLength(expected) + Buffer.byteLength(character) > limit) break
          expected += character
        }
        expect(utf8Prefix(p, text, limit)).toBe(expected)
      }),
    )
  })

  test.each([
    ['a🙂b', 0, ''],
    ['a🙂b', 4, 'a'],
    ['a🙂b', 5, 'a🙂'],
    ['a🙂b', 6, 'a🙂b'],
    ['a🙂b', 1_000, 'a🙂b'],
  ])('of %j in %i bytes is %j', (text, limit, prefix) => {
    expect(utf8Prefix(p, text, limit)).toBe(prefix)
  })
})
