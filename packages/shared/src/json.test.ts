import { expect, test } from 'vitest'

import { jsonObjectSchema } from './json.ts'

test('an object is passed on with every key that it has, __proto__ and constructor included', () => {
  const text = '{"__proto__":{"polluted":true},"constructor":1,"b":{"__proto__":2}}'
  const parsed = jsonObjectSchema.parse(JSON.parse(text))
  expect(JSON.stringify(parsed)).toBe(text)
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
})

test.each([
  ['an array', []],
  ['null', null],
  ['a string', 'x'],
  ['nothing', undefined],
  ['a date', new Date()],
])('%s is no object', (_what, value) => {
  expect(jsonObjectSchema.safeParse(value).success).toBe(false)
})
