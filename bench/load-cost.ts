import { availableParallelism } from 'node:os'
import process from 'node:process'

import { latencies } from './in-flight.ts'
import { cpuBetween, cpuTimesOf } from './process-usage.ts'
import { median, percentile } from './statistics.ts'

/** Cost of a load of executions. CPU times are milliseconds per execution. */
export interface LoadCost {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  /** CPU time of the executor and its sandbox processes. */
  readonly cpuMs: number
  readonly executorCpuMs: number
  /** CPU time of the load generator, which is this process. */
  readonly loadCpuMs: number
  /**
   * Executions per second, scaled up by the share of the machine that the load generator used: an estimate for a load
   * generator on another machine.
   */
  readonly perSecondWithoutLoad: number
}

/** Runs repeatedly for a while with `limit` in flight, and measures the cost. */
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
    perSecondWithoutLoad: perSecond / (1 - loadMs / (wallMs * availableParallelism())),
  }
}
