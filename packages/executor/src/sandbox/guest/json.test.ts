import { array, assert, constantFrom, integer, jsonValue, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anyCharacter } from '../../../../../tests/support/any-character.ts'
import { acceptedCases, refusedCases, valueOf } from '../../../../../tests/support/json-cases.ts'
import { writableValues } from '../../../../../tests/support/json-values.ts'
import { serialise } from './json.ts'
import { capturePrimordials } from './primordials.ts'
import { rare } from './rare-parts.test-support.ts'

const p = capturePrimordials()
const run = () => {}

test('serialise writes a lossless value as JSON.stringify does', () => {
  assert(
    property(writableValues, (value) => {
      expect(serialise(p, value, rare)).toEqual({ ok: true, text: JSON.stringify(value) ?? 'null' })
    }),
  )
})

test.each(acceptedCases.filter(({ place }) => place !== 'host'))('serialise writes $source as $json', (each) => {
  const serialised = serialise(p, valueOf(each), rare)
  expect(serialised).toMatchObject({ ok: true })
  expect(JSON.stringify(JSON.parse((serialised as { text: string }).text))).toBe(each.json)
})

test.each(refusedCases.filter(({ place }) => place !== 'host'))('serialise refuses $source: $path $reason', (each) => {
  const { path, reason, hint } = each
  expect(serialise(p, valueOf(each), rare)).toEqual({ ok: false, path, reason, hint })
})

test('an error whose field throws keeps its name and message', () => {
  const at = {
    toJSON() {
      throw new Error('not written')
    },
  }
  expect(serialise(p, [1, Object.assign(new TypeError('x'), { at })], rare)).toEqual({
    ok: true,
    text: '[1,{"name":"TypeError","message":"x"}]',
  })
})

describe('the path', () => {
  test.each<[unknown, string]>([
    [{ items: [1, 2, 3, { run }] }, '.items[3].run'],
    [[[], [{}, [run]]], '[1][1][0]'],
    [{ 'content-type': { '': run } }, '["content-type"][""]'],
    [{ $a_1: { 1: run } }, '.$a_1["1"]'],
    [{ 'a"b': run }, '["a\\"b"]'],
    [{ é: run }, '["é"]'],
    [{ done: { deep: [{}] }, empty: {}, next: run }, '.next'],
  ])('points to the first value that is refused: %s', (value, path) => {
    expect(serialise(p, value, rare)).toMatchObject({
      ok: false,
      path,
      reason: expect.stringContaining('a function') as string,
    })
  })

  test('is code that evaluates to the value', () => {
    const keys = oneof(
      integer({ min: 0, max: 3 }),
      constantFrom('a', '__proto__', 'constructor', 'length', '0', ''),
      string({ unit: anyCharacter }),
    )
    assert(
      property(array(keys, { maxLength: 6 }), jsonValue({ maxDepth: 2 }), (steps, sibling) => {
        let value: unknown = run
        for (const step of steps.toReversed()) {
          if (typeof step === 'number') value = [...Array.from({ length: step }, () => sibling), value, sibling]
          else value = { before: sibling, [step]: value }
        }
        const serialised = serialise(p, value, rare)
        if (serialised.ok) throw new Error('it was not refused')
        // oxlint-disable-next-line typescript/no-implied-eval -- that the path is code is the test
        expect(new Function('value', `return value${serialised.path}`)(value)).toBe(run)
      }),
    )
  })
})

test.each<[string, (thrown: unknown) => unknown]>([
  [
    'a getter',
    (thrown) => ({
      get a() {
        throw thrown
      },
    }),
  ],
  [
    'toJSON',
    (thrown) => ({
      toJSON() {
        throw thrown
      },
    }),
  ],
])('serialise passes on what %s throws', (_title, valueThat) => {
  for (const thrown of [new Error('mine'), 'mine', undefined, { path: '', reason: '' }]) {
    let caught: unknown = 'nothing'
    try {
      serialise(p, valueThat(thrown), rare)
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
  }
})
