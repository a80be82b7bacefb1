import { assert, json, property } from 'fast-check'
import { expect, test } from 'vitest'

import { parseJson } from './json-text.ts'

test.each([
  ['', 0],
  ['  ', 2],
  ['{"a":tru}', 5],
  ['[1,,2]', 3],
  ['[1,2', 4],
  ['{"a":1,}', 7],
  ['{"a" 1}', 5],
  ['{1:2}', 1],
  ['[1] x', 4],
  ['{"a":{"b":[1, 2}}', 15],
  ['{"a":"x\\"", "b": nil}', 17],
  ['[{"a":[]},]', 10],
  ['[1 true]', 3],
  ['}', 0],
])('%j is not JSON from position %i', (text, position) => {
  expect(parseJson(text)).toMatchObject({ ok: false, position })
})

test('line and column count from 1', () => {
  expect(parseJson('{\n  "a": x\n}')).toMatchObject({ ok: false, line: 2, column: 8 })
})

test('well-formed text before an invalid token is not reported', () => {
  assert(
    property(json(), (text) => {
      expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
      expect(parseJson(`[${text}, @]`)).toMatchObject({ ok: false, position: text.length + 3 })
    }),
  )
})
