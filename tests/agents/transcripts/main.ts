/**
 * Writes the table of docs/agents.md that compares transcripts: `node --conditions=@codemode/source tests/agents/transcripts/main.ts`.
 */
import { readFile, writeFile } from 'node:fs/promises'

import { connect, startExecutor } from '@codemode/testkit'

import { tableOf, withTable } from './table.ts'

const page = new URL('../../../docs/agents.md', import.meta.url)
const executor = await startExecutor()
try {
  await using codemode = connect(executor)
  const table = await tableOf(codemode)
  console.log(table)
  await writeFile(page, withTable(await readFile(page, 'utf8'), table))
} finally {
  await executor.close({ drainMs: 0 })
}
