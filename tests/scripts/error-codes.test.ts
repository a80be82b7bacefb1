import { expect, test } from 'vitest'

import { errorCodeProblems } from '../../scripts/docs/error-codes.ts'
import { readDocument } from '../../scripts/docs/document.ts'

const { path, blocks, prose } = readDocument('docs/errors.md')
const problemsOf = (lines: readonly string[]) => errorCodeProblems({ path, blocks, prose: lines })

test('the table of codes in the documents has no problems', () => {
  expect(problemsOf(prose)).toEqual([])
})

test('a missing row, an unknown code and another status are reported with the line', () => {
  const line = prose.findIndex((text) => text.startsWith('| `NOT_FOUND`'))
  const changed = (row: string) => prose.toSpliced(line, 1, row)
  const missing = 'docs/errors.md(1): the table has no row for NOT_FOUND 404'
  const wrong = (row: string) => `docs/errors.md(${line + 1}): the table of codes in shared has no row ${row}`
  expect(problemsOf(changed(''))).toEqual([missing])
  expect(problemsOf(changed('| `NOWHERE`              | 404    | x |'))).toEqual([wrong('NOWHERE 404'), missing])
  expect(problemsOf(changed('| `NOT_FOUND`            | 410    | x |'))).toEqual([wrong('NOT_FOUND 410'), missing])
})
