import { expect, test } from 'vitest'

import { jsonObjectSchema } from './json.ts'

test('the schema keeps every key of an object, also __proto__ and constructor', () => {
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
])('%s is not an object', (_what, value) => {
  expect(jsonObjectSchema.safeParse(value).success).toBe(false)
})
