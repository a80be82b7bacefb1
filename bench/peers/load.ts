import { cpuBetween, cpuTimesOf } from '../process-usage.ts'
import { median, percentile } from '../statistics.ts'
import type { RunningProduct } from './product.ts'
import type { Program } from './programs.ts'

/** Load of one program. It ends when `forMs` are over or `count` executions have been started. */
export interface Load {
  readonly program: Program
  readonly inFlight: number
  readonly forMs?: number
  readonly count?: number
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

/** Runs a load on a product, and measures it. An execution with a wrong value has failed. */
export async function measureLoad({ pid, execute }: RunningProduct, load: Load): Promise<LoadSample> {
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
  const cpuMs = cpuBetween(before, cpuTimesOf(pid))
  const hasAny = tookMs.length > 0
  return {
    p50Ms: median(tookMs),
    p99Ms: percentile(tookMs, 0.99),
    wallMs: failures.length === 0 ? wallMs : NaN,
    perSecond: hasAny ? (tookMs.length / wallMs) * 1_000 : NaN,
    cpuMs: hasAny ? cpuMs / tookMs.length : NaN,
    count: started,
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
