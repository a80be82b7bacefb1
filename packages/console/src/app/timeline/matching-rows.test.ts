import { expect, test } from 'vitest'

import { matchingRows } from './matching-rows.ts'
import { allKinds, type Row } from './row.ts'

const row = (more: Partial<Row>): Row => ({
  id: 'r',
  kind: 'call',
  name: 'status',
  tone: 'ok',
  segments: [{ start: 0, end: 1, tone: 'ok' }],
  facts: [],
  parts: [],
  ...more,
})
const part = (title: string, text: string) => ({ title, text, isJson: true })
const rows = [
  row({ id: 'input', parts: [part('Input', '{"order":"o-6"}')] }),
  row({ id: 'output', parts: [part('Input', '{}'), part('Output', '"Delayed"')] }),
  row({
    id: 'error',
    parts: [part('Input', '{}'), part('Error', '{"message":"No such order: o-66"}')],
    tone: 'failed',
  }),
  row({ id: 'noted', note: '#7 no answer', tone: 'unanswered' }),
]
const idsOf = (text: string, onlyProblems = false) =>
  matchingRows(rows, { kinds: allKinds, text, onlyProblems }).map(({ id }) => id)

test.each([
  ['o-6', ['input', 'error']],
  [' DELAYED ', ['output']],
  ['#7', ['noted']],
  ['nothing has this', []],
])('a text is found in names, notes, inputs, outputs and errors: %j', (text, expected) => {
  expect(idsOf(text)).toEqual(expected)
})

test('problems are what failed and what had no answer, also among the rows with a text', () => {
  expect(idsOf('', true)).toEqual(['error', 'noted'])
  expect(idsOf('o-6', true)).toEqual(['error'])
})
