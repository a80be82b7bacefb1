import { array, assert, constantFrom, integer, jsonValue, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { serialise } from './json.ts'
import { capturePrimordials } from './primordials.ts'

const p = capturePrimordials()
const run = () => {}

test('what JSON can hold is written as JSON.stringify writes it', () => {
  assert(
    property(jsonValue({ stringUnit: 'binary' }), (value) => {
      expect(serialise(p, value)).toEqual({ ok: true, text: JSON.stringify(value) })
    }),
  )
})

test.each<[string, unknown, string]>([
  ['undefined', undefined, 'null'],
  ['undefined in an array', [undefined], '[null]'],
  ['an undefined property', { a: undefined, b: 1 }, '{"b":1}'],
  ['what is no number', [Number.NaN, Infinity], '[null,null]'],
  ['a date', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ['toJSON', { toJSON: () => ({ a: 1 }) }, '{"a":1}'],
  ['a function with toJSON', { a: Object.assign(() => {}, { toJSON: () => 'written' }) }, '{"a":"written"}'],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  [
    'an instance',
    new (class Point {
      x = 1
    })(),
    '{"x":1}',
  ],
  ['boxed primitives', [Object(1), Object('a'), Object(true)], '[1,"a",true]'],
])('%s is written as %3$s', (_title, value, text) => {
  expect(serialise(p, value)).toEqual({ ok: true, text })
})

test('an object that stands in several places is written in each of them', () => {
  const shared = { a: [1], empty: {} }
  const value = { first: shared, list: [shared, shared, { deeper: shared }], last: shared }
  expect(serialise(p, value)).toEqual({ ok: true, text: JSON.stringify(value) })
})

describe('what JSON can not hold is refused', () => {
  test.each<[unknown, string]>([
    [run, 'a function'],
    [Map, 'a function'],
    [Symbol('s'), 'a symbol'],
    [1n, 'a BigInt'],
    [new Map(), 'a Map'],
    [new Set(), 'a Set'],
    [new (class extends Map {})(), 'a Map'],
    [Promise.resolve(), 'a Promise (an await is missing)'],
  ])('%o, with the reason', (value, reason) => {
    for (const [holder, path] of [
      [value, ''],
      [[value], '[0]'],
      [{ a: value }, '.a'],
    ] as const) {
      const serialised = serialise(p, holder)
      expect(serialised).toMatchObject({ ok: false, path })
      expect(serialised).toHaveProperty('reason', expect.stringContaining(reason))
    }
  })

  test('a toJSON that returns it', () => {
    expect(serialise(p, { a: { toJSON: () => run } })).toEqual({ ok: false, path: '.a', reason: 'a function' })
  })

  test('an object that contains itself', () => {
    const list: unknown[] = []
    const value = { before: {}, list, after: 1 }
    list.push({ x: 1 }, { back: value })
    const reason = 'a reference to an object that contains it'
    expect(serialise(p, value)).toEqual({ ok: false, path: '.list[1].back', reason })
    expect(serialise(p, list)).toEqual({ ok: false, path: '[1].back.list', reason })
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
  ])('of the first value that is refused: %s', (value, path) => {
    expect(serialise(p, value)).toEqual({ ok: false, path, reason: 'a function' })
  })

  test('is code that leads to the value', () => {
    const keys = oneof(
      integer({ min: 0, max: 3 }),
      constantFrom('a', '__proto__', 'constructor', 'length', '0', ''),
      string({ unit: 'binary' }),
    )
    assert(
      property(array(keys, { maxLength: 6 }), jsonValue({ maxDepth: 2 }), (steps, sibling) => {
        let value: unknown = run
        for (const step of steps.toReversed()) {
          if (typeof step === 'number') value = [...Array.from({ length: step }, () => sibling), value, sibling]
          else value = { before: sibling, [step]: value }
        }
        const serialised = serialise(p, value)
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
])('what %s throws is passed on', (_title, valueThat) => {
  for (const thrown of [new Error('mine'), 'mine', undefined, { path: '', reason: '' }]) {
    let caught: unknown = 'nothing'
    try {
      serialise(p, valueThat(thrown))
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
  }
})
