import { readFile } from 'node:fs/promises'

import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'
import { tableOf, withTable } from './transcripts/table.ts'

const suite = useCodemode()

test('the table of transcripts in docs/agents.md is that of the transcripts', async () => {
  const page = await readFile(new URL('../../docs/agents.md', import.meta.url), 'utf8')
  expect(withTable(page, await tableOf(suite.codemode))).toBe(page)
})
