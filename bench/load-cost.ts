import { availableParallelism } from 'node:os'
import process from 'node:process'

import { latencies } from './in-flight.ts'
import { cpuBetween, cpuTimesOf } from './process-usage.ts'
import { median, percentile } from './statistics.ts'

/** What a load of executions took. CPU times are milliseconds an execution. */
export interface LoadCost {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  /** Executor and sandbox processes. */
  readonly cpuMs: number
  readonly executorCpuMs: number
  /** The load generator, which is this process. */
  readonly loadCpuMs: number
  /** The rate for the share of the machine that the load generator left: what it would be if the load came from elsewhere. */
  readonly perSecondLeft: number
}

/** Runs again and again for a while, with `limit` in flight. */
export async function costOfLoad(
  executorPid: number,
  load: { readonly forMs: number; readonly limit: number },
  run: () => Promise<unknown>,
): Promise<LoadCost> {
  const before = cpuTimesOf(executorPid)
  const loadBefore = process.cpuUsage()
  const began = performance.now()
  const tookMs = await latencies(load, run)
  const wallMs = performance.now() - began
  const { user, system } = process.cpuUsage(loadBefore)
  const after = cpuTimesOf(executorPid)
  const loadMs = (user + system) / 1_000
  const perSecond = (tookMs.length / wallMs) * 1_000
  return {
    p50Ms: median(tookMs),
    p99Ms: percentile(tookMs, 0.99),
    perSecond,
    cpuMs: cpuBetween(before, after) / tookMs.length,
    executorCpuMs: (after.get(executorPid)!.ownMs - before.get(executorPid)!.ownMs) / tookMs.length,
    loadCpuMs: loadMs / tookMs.length,
    perSecondLeft: perSecond / (1 - loadMs / (wallMs * availableParallelism())),
  }
}
