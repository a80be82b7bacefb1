import { expect, test } from 'vitest'

import { pathText, valueAt } from './path.ts'

test.each([
  [[], ''],
  [['retry', 'maxAttempts'], 'retry.maxAttempts'],
  [['tools', 0, 'name'], 'tools[0].name'],
  [[0, 'id'], '[0].id'],
])('the text of the path %j is %j', (path, text) => {
  expect(pathText(path)).toBe(text)
})

test('the value at a path is read from own fields only', () => {
  const value = { tools: [{ name: 'a' }] }
  expect(valueAt(value, [])).toBe(value)
  expect(valueAt(value, ['tools', 0, 'name'])).toBe('a')
  expect(valueAt(value, ['tools', 1, 'name'])).toBeUndefined()
  expect(valueAt(value, ['toString'])).toBeUndefined()
})
