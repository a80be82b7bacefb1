/**
 * Measures recovery after every sandbox process was killed: the time of the next trivial execution, and of an execution
 * that waited for a tool and continues in another process by replay. The baseline of each is the same without the kill.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { killIfAlive, sandboxProcesses } from '@codemode/testkit'
import { compared } from './comparison.ts'
import { latencies } from './in-flight.ts'
import type { Workload } from './workload.ts'
import { interleaved } from './rounds.ts'
import { median } from './statistics.ts'
import { startSubjects, type Subject } from './subjects.ts'

const forMs = 300
const times = 3
/** Milliseconds to wait after a kill; replacement processes are ready by then. */
const settleMs = 400

interface Recovery {
  /** Milliseconds of a trivial execution without a kill. */
  readonly trivialMs: number
  readonly nextMs: number
  /** Milliseconds from the tool's answer to the result, without a kill. */
  readonly answeredMs: number
  readonly replayedMs: number
}

export const recovery: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  const recoveries = new Map(subjects.map((subject) => [subject, recoveryOf(subject)]))
  for (const measure of recoveries.values()) await measure()
  const rounds = await interleaved(options, {
    baseline: () => Promise.resolve(),
    subjects,
    measure: (subject) => recoveries.get(subject)!(),
  })
  report.table(
    'A trivial execution, right after every sandbox process was killed: milliseconds, p50',
    compared(rounds, ({ trivialMs, nextMs }) => ({ 'without a kill': trivialMs, 'after the kill': nextMs })),
  )
  report.table(
    "From a tool's answer to the result: milliseconds, p50",
    compared(rounds, ({ answeredMs, replayedMs }) => ({
      'without a kill': answeredMs,
      'after a kill and a replay': replayedMs,
    })),
  )
}

function recoveryOf({ connect, executor }: Subject): () => Promise<Recovery> {
  let killsWhileWaiting = false
  let answeredAt = 0
  const wait = () => {
    if (killsWhileWaiting) killAll(executor.pid)
    answeredAt = performance.now()
    return 1
  }
  const codemode = connect({ tools: { wait } })
  const trivial = () => codemode.executeAsync('return 1', { availableTools: [] })
  const waits = async () => {
    await codemode.executeAsync('return await tools.wait()')
    return performance.now() - answeredAt
  }
  const afterKill = async () => {
    killAll(executor.pid)
    const [ms] = await latencies({ forMs: 1, limit: 1 }, trivial)
    return ms!
  }
  return async () => {
    const trivialMs = median(await latencies({ forMs, limit: 1 }, trivial))
    const nextMs = median(await repeated(afterKill))
    killsWhileWaiting = false
    const answeredMs = median(await repeated(waits))
    killsWhileWaiting = true
    const replayedMs = median(await repeated(waits))
    return { trivialMs, nextMs, answeredMs, replayedMs }
  }
}

async function repeated(run: () => Promise<number>): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < times; i++) {
    found.push(await run())
    await delay(settleMs)
  }
  return found
}

function killAll(executorPid: number): void {
  for (const pid of sandboxProcesses(executorPid)) killIfAlive(pid)
}
