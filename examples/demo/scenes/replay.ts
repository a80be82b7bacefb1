import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { printCode, printFact } from '../print.ts'
import { connect, get, type Scene } from '../scene.ts'

const code = `
const dice = () => 1 + Math.floor(Math.random() * 6)
const first = await Promise.race([1, 2, 3].map((n) => tools.runner({ n })))
await sleep(20)
return { first, dice: [dice(), dice(), dice()], at: new Date() }
`.trim()

const executorCommand = fileURLToPath(new URL('../../../packages/executor/src/main.ts', import.meta.url))

export const replay: Scene = {
  title: 'Exact replay: the same random numbers, the same times, the same winner of a race',
  async play(executor) {
    let calls = 0
    await using codemode = connect(executor, {
      tools: {
        runner: async ({ n }: { n: number }) => {
          calls += 1
          await setTimeout(Math.random() * 50)
          return `runner ${n}`
        },
      },
    })
    printCode(code)
    const execution = await codemode.run(code)
    assert.ok(execution.success)
    const recorded = JSON.stringify(execution.result)
    printFact('result', recorded)
    const journal = await get<{ entries: unknown[] }>(executor, `/v1/executions/${execution.executionId}/journal`)
    printFact('journal', `${journal.entries.length} entries (GET /v1/executions/:id/journal)`)
    const answersBefore = calls
    const replayed = await replayOffline(journal)
    printFact('replay', `codemode-executor replay journal.json\n${replayed}`)
    printFact('tool calls', `${answersBefore} by the execution, ${calls - answersBefore} by its replay`)
    assert.ok(replayed.includes(`result: ${recorded}`))
    assert.equal(calls, 3)
  },
}

/**
 * Returns the output of `codemode-executor replay` for a journal in a file. Rejects if the replay diverges from the
 * journal.
 */
async function replayOffline(journal: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-demo-'))
  try {
    const file = join(folder, 'journal.json')
    await writeFile(file, JSON.stringify(journal))
    const args = ['--conditions=@codemode/source', executorCommand, 'replay', file]
    const { stdout } = await promisify(execFile)(execPath, args)
    return stdout.trimEnd()
  } finally {
    await rm(folder, { recursive: true })
  }
}
