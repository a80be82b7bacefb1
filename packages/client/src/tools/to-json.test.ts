import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { NotJsonError, toJson } from './to-json.ts'

test('what JSON holds comes out as JSON itself would give it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(value))
    }),
  )
  expect(toJson({ at: new Date(0), gone: undefined, nan: Number.NaN, list: [undefined, -0] })).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    nan: null,
    list: [null, 0],
  })
  expect(toJson(undefined)).toBeNull()
})

test('a key named __proto__ stays a key', () => {
  const json = toJson(JSON.parse('{"__proto__": {"admin": true}}'))
  expect(JSON.stringify(json)).toBe('{"__proto__":{"admin":true}}')
  expect((json as { admin?: boolean }).admin).toBeUndefined()
})

const cycle: { list: unknown[] } = { list: [] }
cycle.list.push({ back: cycle })

test.each([
  ['a function', { a: [{ b: () => 1 }] }, ['a', 0, 'b']],
  ['a BigInt', [1n], [0]],
  ['a symbol', { s: Symbol('s') }, ['s']],
  ['a Map', { m: new Map() }, ['m']],
  ['a Set', new Set(), []],
  ['a cycle', cycle, ['list', 0, 'back']],
  ['a Promise', { later: Promise.resolve(1) }, ['later']],
])('%s is refused with the path to it', (what, value, path) => {
  let caught: unknown
  try {
    toJson(value)
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(NotJsonError)
  expect(caught).toMatchObject({ path, message: expect.stringContaining(what) as string })
})

test('the same object twice is no cycle', () => {
  const shared = { a: 1 }
  expect(toJson([shared, shared])).toEqual([shared, shared])
})

test('very many objects below deeply nested ones come out as they are', () => {
  let value: unknown = Array.from({ length: 200_000 }, () => ({}))
  for (let depth = 0; depth < 500; depth++) value = [value]
  expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(value))
})
