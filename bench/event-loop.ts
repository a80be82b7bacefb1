/**
 * Measures for how long guests can stall the executor's event loop. It runs trivial executions together with guests
 * that flood the executor. The delays are those of `monitorEventLoopDelay`; on a busy machine they mostly show its
 * load. The column `own` counts only the CPU time that the executor's thread used during a stall, a lower bound of the
 * executor's own share, since it excludes the garbage collector's threads. Options: `--flood TEXT` runs the floods
 * whose name contains that text; `--seconds N` for each; `--guests N` flooding at a time; `--transport callback`;
 * `--profile` prints the functions that used the CPU time of the longest stalls, and makes the stalls longer.
 */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

import { Codemode } from '@codemode/client'

import { type ExecutorProcess, startExecutorProcess } from '@codemode/testkit'
import type { LagCommand, LagReport } from './executor-with-lag.ts'
import { noFlood, floods, floodTools, type Flood } from './floods.ts'
import type { Workload } from './workload.ts'
import { percentile } from './statistics.ts'
import type { Row } from './table.ts'

const entry = fileURLToPath(new URL('executor-with-lag.ts', import.meta.url))
const apiKey = 'a-key-for-this-run-only'
const goalMs = 50
const trivialAtOnce = 4
const settleMs = 200

export const eventLoop: Workload = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      flood: { type: 'string', default: '' },
      seconds: { type: 'string', default: '2' },
      guests: { type: 'string', default: '2' },
      transport: { type: 'string', default: 'stream' },
      profile: { type: 'boolean', default: false },
    },
  })
  const config = JSON.stringify({ apiKey, port: 0, dev: true, logLevel: 'error' })
  await using executor = await startExecutorProcess({ entry: [entry, config], env: {} })
  await using codemode = Codemode.fromClientConfig({
    executorUrl: executor.url,
    executorApiKey: apiKey,
    ...(values.transport === 'callback' && { toolServer: { port: 0 } }),
    tools: floodTools,
  })
  const load = { codemode, ms: Number(values.seconds) * 1_000, guests: Number(values.guests) }
  await run(noFlood, { ...load, ms: 1_000 })
  const rows: Row[] = []
  for (const flood of [noFlood, ...floods.filter(({ name }) => name.includes(values.flood))]) {
    await ask(executor, { type: 'begin', profile: values.profile })
    const { ended, failed, trivialMs } = await run(flood, load)
    const { maxDelayMs, p99DelayMs, stalls, profile } = (await ask(executor, { type: 'end' })) as LagReport
    const own = stalls.map(({ cpuMs }) => cpuMs)
    rows.push({
      flood: flood.name,
      ended,
      failed,
      'p99 delay ms': p99DelayMs,
      'max delay ms': maxDelayMs,
      'max own ms': Math.max(0, ...own),
      [`own over ${goalMs} ms`]: own.filter((ms) => ms > goalMs).length,
      'trivial p99 ms': percentile(trivialMs, 0.99),
    })
    if (profile === undefined) continue
    report.note([`\n${flood.name}: CPU time of the longest stalls by function`, ...profile.self].join('\n  '))
    report.note(['with the functions that they called', ...profile.total].join('\n  '))
  }
  report.table(
    `Stalls of the executor's event loop, ${values.guests} flooding guests at a time, ${values.transport}`,
    rows,
  )
}

interface Load {
  readonly codemode: Codemode
  readonly ms: number
  readonly guests: number
}

/** Runs the flood together with trivial executions for `ms` milliseconds, and resolves when all of them have ended. */
async function run(
  { code, options }: Flood,
  { codemode, ms, guests }: Load,
): Promise<{ ended: number; failed: string; trivialMs: number[] }> {
  const until = performance.now() + ms
  const trivialMs: number[] = []
  const failures = new Set<string>()
  let ended = 0
  const flooding = async (): Promise<void> => {
    while (performance.now() < until) {
      const result = await codemode.run(code, options)
      ended += 1
      if ('error' in result) failures.add(result.error.code)
    }
  }
  const trivial = async (): Promise<void> => {
    while (performance.now() < until) {
      const sent = performance.now()
      await codemode.run('return 1', { availableTools: [] })
      trivialMs.push(performance.now() - sent)
    }
  }
  await Promise.all([...Array.from({ length: guests }, flooding), ...Array.from({ length: trivialAtOnce }, trivial)])
  await delay(settleMs)
  return { ended, failed: [...failures].join(' '), trivialMs }
}

async function ask({ child }: ExecutorProcess, command: LagCommand): Promise<unknown> {
  const answer = once(child, 'message')
  child.send(command)
  return (await answer)[0]
}
