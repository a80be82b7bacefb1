import { expect, test } from 'vitest'

import { capturePrimordials } from './primordials.ts'

const p = capturePrimordials()

test('every primordial is captured', () => {
  const missing = Object.entries(p).filter(([, value]) => value === undefined || value === null)
  expect(missing).toEqual([])
  for (const value of Object.values(p.typedArrays)) expect(typeof value).toBe('function')
})

test('uncurried methods and getters take their receiver first', () => {
  const map = new Map([['a', 1]])
  expect(p.mapGet(map, 'a')).toBe(1)
  expect(p.mapSize(map)).toBe(1)
  expect(p.stringSlice('abc', 1)).toBe('bc')
  expect(p.typedArrayTag(new Float16Array(1))).toBe('Float16Array')
  expect(p.typedArrayTag({})).toBe(undefined)
})

test('arrayPush defines an own item even if Array.prototype has a setter for its index', () => {
  const seen: unknown[] = []
  Object.defineProperty(Array.prototype, '0', {
    set(value) {
      seen.push(value)
    },
    configurable: true,
  })
  try {
    const list: string[] = []
    p.arrayPush(list, 'secret')
    expect(Object.hasOwn(list, 0)).toBe(true)
    expect(Object.hasOwn(p.arraySlice(list), 0)).toBe(true)
  } finally {
    Reflect.deleteProperty(Array.prototype, '0')
  }
  expect(seen).toEqual([])
})

test('arraySlice and arrayRemove work as slice and splice', () => {
  const letters = ['a', 'b', 'c', 'd']
  expect(p.arraySlice(letters, 1, 3)).toEqual(['b', 'c'])
  expect(p.arraySlice(letters, 3, 9)).toEqual(['d'])
  p.arrayRemove(letters, 1, 2)
  expect(letters).toEqual(['a', 'd'])
  p.arrayRemove(letters, 1, 5)
  p.arrayRemove(letters, 7)
  expect(letters).toEqual(['a'])
})
