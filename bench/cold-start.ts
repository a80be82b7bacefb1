/**
 * Measures the cold start: from the start of the executor's process until a client has its first result, for the built
 * package and for the sources of this tree. The baseline is the time in which Node itself starts and ends.
 */
import { execFile, execFileSync } from 'node:child_process'
import { execPath } from 'node:process'
import { promisify } from 'node:util'

import { compared, spreads } from './comparison.ts'
import { startExecutorProcess } from '@codemode/testkit'
import type { Workload } from './workload.ts'
import { byRound, interleaved } from './rounds.ts'
import { startSubjects, type Subject } from './subjects.ts'

const goalMs = 600
const node = promisify(execFile)

export const coldStart: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  for (const { root } of subjects) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  const rounds = await interleaved(options, {
    baseline: bareNodeMs,
    subjects,
    async measure(subject) {
      return { built: await firstResult(subject, true), sources: await firstResult(subject, false) }
    },
  })
  report.table('Node alone, from its start to its end', [spreads(rounds.baseline.map((ms) => ({ ms })))])
  for (const [from, title] of [
    ['built', 'built, as installed'],
    ['sources', 'from its sources'],
  ] as const) {
    report.table(
      `First result, ${title}`,
      compared(rounds, (sample) => ({ 'ready ms': sample[from].readyMs, 'first result ms': sample[from].resultMs })),
    )
  }
  report.goal({
    goal: "first result after the start of the executor's process",
    unit: 'ms',
    bound: 'at most',
    limit: goalMs,
    values: byRound(rounds, ({ built }) => built.resultMs),
  })
}

async function bareNodeMs(): Promise<number> {
  const began = performance.now()
  await node(execPath, ['--eval', ''])
  return performance.now() - began
}

async function firstResult(
  { Client, root }: Subject,
  isBuilt: boolean,
): Promise<{ readonly readyMs: number; readonly resultMs: number }> {
  const began = performance.now()
  await using executor = await startExecutorProcess({ root, isBuilt })
  const readyMs = performance.now() - began
  await using codemode = Client.fromClientConfig({ executorUrl: executor.url, executorApiKey: executor.apiKey })
  await codemode.executeAsync('return 1')
  return { readyMs, resultMs: performance.now() - began }
}
