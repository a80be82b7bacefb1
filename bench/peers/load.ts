import { cpuBetween, cpuTimesOf } from '../process-usage.ts'
import { median, percentile, sum } from '../statistics.ts'
import type { RunningProduct } from './product.ts'
import type { Program } from './programs.ts'

/** Load of one program. */
export interface Load {
  readonly program: Program
  readonly inFlight: number
  /** Milliseconds until no more executions are started, in each slice; unlimited by default. */
  readonly forMs?: number
  /** Number of executions in each slice; unlimited by default. */
  readonly count?: number
  /**
   * Number of slices, 1 by default. Between two slices of one product, a slice of each other product is measured. So all
   * products are measured beside the same other load of the machine.
   */
  readonly slices?: number
}

/** Measurements of one slice of a load. */
export interface LoadSlice {
  /** Milliseconds that each successful execution took. */
  readonly tookMs: readonly number[]
  readonly failures: readonly string[]
  readonly wallMs: number
  /** CPU time of the product's processes, in milliseconds. */
  readonly cpuMs: number
}

/** Measurements of one load. Times are of executions that succeeded, in milliseconds; NaN if none has. */
export interface LoadSample {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Time until all executions had ended; NaN if any has failed, because a failed one may end early. */
  readonly wallMs: number
  readonly perSecond: number
  /** CPU time of the product's processes for each execution that succeeded. */
  readonly cpuMs: number
  readonly count: number
  readonly failed: number
  readonly firstFailure: string | undefined
}

/** Runs one slice of a load on a product, and measures it. An execution with a wrong value has failed. */
export async function measureSlice({ pid, execute }: RunningProduct, load: Load): Promise<LoadSlice> {
  const { program, inFlight, forMs = Infinity, count = Infinity } = load
  const tookMs: number[] = []
  const failures: string[] = []
  let started = 0
  const before = cpuTimesOf(pid)
  const began = performance.now()
  const work = async (): Promise<void> => {
    while (started < count && performance.now() - began < forMs) {
      started += 1
      const startedAt = performance.now()
      const failure = await failureOf(program, execute)
      if (failure === undefined) tookMs.push(performance.now() - startedAt)
      else failures.push(failure)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const wallMs = performance.now() - began
  return { tookMs, failures, wallMs, cpuMs: cpuBetween(before, cpuTimesOf(pid)) }
}

/** Combines the slices of a load. */
export function sampleOf(slices: readonly LoadSlice[]): LoadSample {
  const tookMs = slices.flatMap((slice) => slice.tookMs)
  const failures = slices.flatMap((slice) => slice.failures)
  const wallMs = sum(slices.map((slice) => slice.wallMs))
  const hasAny = tookMs.length > 0
  return {
    p50Ms: median(tookMs),
    p99Ms: percentile(tookMs, 0.99),
    wallMs: failures.length === 0 ? wallMs : NaN,
    perSecond: hasAny ? (tookMs.length / wallMs) * 1_000 : NaN,
    cpuMs: hasAny ? sum(slices.map((slice) => slice.cpuMs)) / tookMs.length : NaN,
    count: tookMs.length + failures.length,
    failed: failures.length,
    firstFailure: failures[0],
  }
}

/** Executes a program, and resolves with the reason if it has failed. */
export async function failureOf(program: Program, execute: RunningProduct['execute']): Promise<string | undefined> {
  try {
    const value = await execute(program)
    return program.isRight(value) ? undefined : `wrong value: ${JSON.stringify(value ?? null).slice(0, 100)}`
  } catch (error) {
    return String(error).slice(0, 200)
  }
}
