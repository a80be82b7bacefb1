import { assert, json, property } from 'fast-check'
import { expect, test } from 'vitest'

import { parseJson } from './json-text.ts'

test.each([
  ['', 0, 'Unexpected end'],
  ['  ', 2, 'Unexpected end'],
  ['{"a":tru}', 8, 'Unexpected token'],
  ['[1,,2]', 3, 'Unexpected token'],
  ['[1,2', 4, "Expected ',' or ']' after array element"],
  ['{"a":1,}', 7, 'Expected double-quoted property name'],
  ['{"a" 1}', 5, "Expected ':' after property name"],
  ['{1:2}', 1, "Expected property name or '}'"],
  ['[1] x', 4, 'Unexpected non-whitespace character after JSON'],
  ['{"a":{"b":[1, 2}}', 15, "Expected ',' or ']' after array element"],
  ['{"a":"x\\"", "b": nil}', 18, 'Unexpected token'],
  ['[{"a":[]},]', 10, 'Unexpected token'],
  ['}', 0, 'Unexpected token'],
  ['["at position 9", @]', 18, 'Unexpected token'],
])('%j is not JSON from position %i: %s', (text, position, reason) => {
  expect(parseJson(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason), place: { position } })
})

test('the line and the column count from 1', () => {
  expect(parseJson('{\n  "a": x\n}')).toEqual({
    ok: false,
    reason: 'Unexpected token at line 2, column 8',
    place: { position: 9, line: 2, column: 8 },
  })
})

test('the position of an unexpected token in a long text is unknown', () => {
  expect(parseJson(`["${'x'.repeat(100_000)}", @]`)).toEqual({
    ok: false,
    reason: 'Unexpected token',
    place: undefined,
  })
})

test('the position after well-formed JSON is that of the unexpected token', () => {
  assert(
    property(json(), (text) => {
      expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
      expect(parseJson(`[${text}, @]`)).toMatchObject({ ok: false, place: { position: text.length + 3 } })
    }),
  )
})
