/**
 * Measures whether the client keeps its event loop free, by the lateness of a 10 ms ticker in the client's process
 * while 1,000 executions wait for a tool and 200 requests, refused with 503, back off. It is measured after the burst
 * that starts them, and compared with the same ticker in an idle process. On a busy machine the lateness mostly shows
 * its load; the column `own` counts only the CPU time of this thread, which is the client's share. Options: `--seconds
 * N` for each; `--waiting N`; `--backing-off N`.
 */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { threadCpuUsage } from 'node:process'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

import { Codemode } from '@codemode/client'

import { type ExecutorProcess, startExecutorProcess } from '@codemode/testkit'
import type { Workload } from './workload.ts'
import { percentile } from './statistics.ts'
import type { Row } from './table.ts'

const refusingServer = fileURLToPath(new URL('refusing-server.ts', import.meta.url))
const tickMs = 10
const goalMs = 5
/** Milliseconds after which the work of the burst is done. */
const settleMs = 1_000
const longTimeouts = { executionTimeoutMs: 240_000, toolTimeoutMs: 240_000 }

export const ticker: Workload = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '4' },
      waiting: { type: 'string', default: '1000' },
      'backing-off': { type: 'string', default: '200' },
    },
  })
  const ms = Number(values.seconds) * 1_000
  const load = { waiting: Number(values.waiting), backingOff: Number(values['backing-off']) }
  await using executor = await startExecutorProcess()
  await using refusing = await startExecutorProcess({ entry: [refusingServer], env: {} })
  const rows: Row[] = []
  for (const transport of ['callback', 'stream'] as const) {
    const idle = await tick(ms)
    const { loaded, refusals, correct } = await underLoad(transport, { ...load, executor, refusing, ms })
    rows.push({ transport, load: 'none', ...summary(idle) })
    rows.push({ transport, load: 'waiting', ...summary(loaded), refusals, correct })
    report.keep(`ticks, ${transport}`, { idle, loaded })
  }
  const { waiting, backingOff } = load
  report.table(`A ${tickMs} ms ticker while ${waiting} executions wait and ${backingOff} requests back off`, rows)
}

interface LoadOptions {
  readonly waiting: number
  readonly backingOff: number
  readonly executor: ExecutorProcess
  readonly refusing: ExecutorProcess
  readonly ms: number
}

async function underLoad(transport: 'callback' | 'stream', options: LoadOptions) {
  const { waiting, backingOff, executor, refusing, ms } = options
  const opened = Promise.withResolvers<void>()
  const allWait = Promise.withResolvers<void>()
  let arrived = 0
  const wait = async (): Promise<number> => {
    arrived += 1
    if (arrived === waiting) allWait.resolve()
    await opened.promise
    return 1
  }
  const config = { executorApiKey: executor.apiKey, tools: { wait }, ...longTimeouts }
  const toolServer = transport === 'callback' ? { toolServer: { port: 0 } } : {}
  const retry = { maxAttempts: 100 }
  await using codemode = Codemode.fromClientConfig({ ...config, ...toolServer, executorUrl: executor.url })
  await using refused = Codemode.fromClientConfig({ ...config, ...toolServer, executorUrl: refusing.url, retry })
  const code = 'return tools.wait()'
  const results = Promise.all(Array.from({ length: waiting }, () => codemode.run(code)))
  const refusedOnes = Promise.allSettled(Array.from({ length: backingOff }, () => refused.run(code)))
  await allWait.promise
  await delay(settleMs)
  const before = await refusalsOf(refusing)
  const loaded = await tick(ms)
  const refusals = (await refusalsOf(refusing)) - before
  opened.resolve()
  const correct = (await results).filter((result) => result.success && result.result === 1).length
  await refused.close()
  await refusedOnes
  return { loaded, refusals, correct }
}

interface Ticks {
  readonly lateMs: readonly number[]
  readonly ownMs: readonly number[]
  /** Share of the time in which the event loop was busy. */
  readonly busy: number
}

/** Runs the ticker for `ms` milliseconds; each tick is due `tickMs` after the one before it. */
async function tick(ms: number): Promise<Ticks> {
  const lateMs: number[] = []
  const ownMs: number[] = []
  const atStart = performance.eventLoopUtilization()
  const until = performance.now() + ms
  for (let now = performance.now(); now < until;) {
    const due = now + tickMs
    const cpu = threadCpuUsage()
    await delay(tickMs)
    now = performance.now()
    const { user, system } = threadCpuUsage(cpu)
    lateMs.push(now - due)
    ownMs.push(Math.min(now - due, (user + system) / 1_000))
  }
  return { lateMs, ownMs, busy: performance.eventLoopUtilization(atStart).utilization }
}

function summary({ lateMs, ownMs, busy }: Ticks): Row {
  return {
    ticks: lateMs.length,
    'p50 late ms': percentile(lateMs, 0.5),
    'p99 late ms': percentile(lateMs, 0.99),
    'max late ms': Math.max(...lateMs),
    'p99 own ms': percentile(ownMs, 0.99),
    'max own ms': Math.max(...ownMs),
    [`own over ${goalMs} ms`]: ownMs.filter((late) => late > goalMs).length,
    'loop busy %': busy * 100,
  }
}

async function refusalsOf({ child }: ExecutorProcess): Promise<number> {
  const answer = once(child, 'message')
  child.send('count')
  return (await answer)[0] as number
}
