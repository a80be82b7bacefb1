import { array, assert, constantFrom, dictionary, integer, jsonValue, oneof, property, string, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anyCharacter } from '../../../../tests/support/any-character.ts'
import { encodeWithTexts, hasLongTexts } from './frame-texts.ts'
import { encodeFrame, FrameError, FrameReader } from './frames.ts'

const long = 1_024

/** Arbitrary long texts of all kinds, and short ones that look like placeholders. */
const text = oneof(
  tuple(string({ unit: anyCharacter }), integer({ min: 0, max: 400 })).map(([piece, times]) => piece.repeat(times)),
  integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit).repeat(long)),
  constantFrom('', '\0', '\0\0', '\u00000', 'x'.repeat(long), 'x'.repeat(long - 1)),
)
/** Arbitrary values after a round trip through JSON, which has no -0. */
const value = jsonValue({ maxDepth: 1 }).map((each) => JSON.parse(JSON.stringify(each)) as unknown)
const message = oneof(
  text,
  array(oneof(text, value)),
  dictionary(oneof(string(), constantFrom('__proto__', '0', '')), oneof(text, array(text))),
)

function segment(text: string | Buffer, isWide = false, claimedBytes?: number): Buffer {
  const bytes = Buffer.from(text as string)
  const header = Buffer.alloc(4)
  header.writeUInt32BE((claimedBytes ?? bytes.length) + (isWide ? 0x8000_0000 : 0))
  return Buffer.concat([header, bytes])
}

/** Returns a frame of a zero byte and these segments. */
function frameOf(...segments: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.alloc(1), ...segments])
  const header = Buffer.alloc(4)
  header.writeUInt32BE(payload.length)
  return Buffer.concat([header, payload])
}

const read = (frame: Buffer): unknown[] => new FrameReader(65_536).push(frame)
const json = (value: unknown): Buffer => segment(JSON.stringify(value))
const sizeOf = (value: string): number => encodeWithTexts(value, (sizeBytes) => Buffer.alloc(sizeBytes), 0).length
const mark = '\0'

test('texts are decoded exactly as they were encoded', () => {
  assert(
    property(message, (sent) => {
      const [received] = new FrameReader().push(encodeFrame(sent))
      expect(received).toEqual(sent)
      expect(JSON.stringify(received)).toBe(JSON.stringify(sent))
    }),
  )
})

test('only messages with long texts, or with their placeholder, use the encoding', () => {
  expect([{ a: ['x'.repeat(long - 1)] }, null, 1, {}].map(hasLongTexts)).toEqual([false, false, false, false])
  expect([{ a: ['x'.repeat(long)] }, ['\0'], '\0x'].map(hasLongTexts)).toEqual([true, true, true])
})

test('a text takes one byte a character, or two if it is not all ASCII', () => {
  expect(sizeOf('"'.repeat(5_000)) - sizeOf('"'.repeat(4_000))).toBe(1_000)
  expect(sizeOf('\ud800'.repeat(5_000)) - sizeOf('\ud800'.repeat(4_000))).toBe(2_000)
})

test('a frame with texts is decoded with each text at its placeholder', () => {
  expect(
    read(frameOf(json([mark, { a: mark }, 'b']), segment('x'), segment(Buffer.from('é', 'utf16le'), true))),
  ).toEqual([['x', { a: 'é' }, 'b']])
  expect(read(frameOf(json('no text')))).toEqual(['no text'])
})

describe('a frame is refused', () => {
  test.each([
    ['without JSON', frameOf()],
    ['with invalid JSON', frameOf(segment('{'))],
    ['with a text without a placeholder', frameOf(json([mark]), segment('x'), segment('y'))],
    ['with fewer texts than placeholders', frameOf(json([mark, mark]), segment('x'))],
    ['with duplicate keys', frameOf(segment(`{"a":"\\u0000","a":"\\u0000"}`), segment('x'), segment('y'))],
    ['with a text that is longer than the frame', frameOf(json(mark), segment('x', false, 2))],
    ['with a text of 2 GiB', frameOf(json(mark), segment('x', true, 0x7fff_ffff))],
    ['that ends within a length', frameOf(json(mark), Buffer.alloc(3))],
    ['that is nested too deeply', frameOf(segment(`${'['.repeat(30_000)}${']'.repeat(30_000)}`))],
  ])('%s', (_title, frame) => {
    expect(() => read(frame)).toThrow(FrameError)
  })

  test('or decoded, whatever bytes it has', () => {
    const bytes = array(oneof(constantFrom(0, 1, 2, 0x22, 0x30, 0x80), integer({ min: 0, max: 255 })), {
      maxLength: 40,
    })
    assert(
      property(bytes, (each) => {
        let outcome: unknown
        try {
          outcome = read(frameOf(Buffer.from(each)))
        } catch (error) {
          outcome = error
        }
        expect(outcome instanceof FrameError || Array.isArray(outcome)).toBe(true)
      }),
    )
  })
})
