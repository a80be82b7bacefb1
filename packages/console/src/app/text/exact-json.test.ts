import { expect, test } from 'vitest'

import { parseExactly } from './exact-json.ts'
import { prettyJson } from './pretty-json.ts'

test.each([
  '9007199254740993',
  '{"a":[1.10,123456789012345678901234567890]}',
  '1e400',
  '-0.0',
  '"text"',
  '[true,null]',
])('%s keeps its digits', (text) => {
  expect(JSON.stringify(parseExactly(text))).toBe(text)
})

test('pretty JSON keeps the digits, and a text that is not JSON stays as it is', () => {
  expect(prettyJson('{"order":9007199254740993}')).toBe('{\n  "order": 9007199254740993\n}')
  expect(prettyJson('not JSON')).toBe('not JSON')
})

test('very deep or long JSON stays on one line', () => {
  const deep = `${'['.repeat(900)}${']'.repeat(900)}`
  expect(prettyJson(deep)).toBe(deep)
  const long = `[${'1,'.repeat(200_000)}1]`
  expect(prettyJson(long)).toBe(long)
})
