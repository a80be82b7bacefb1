/** Measures a product from the start of its processes: the first result, and the memory of executions that wait. */
import { setTimeout as delay } from 'node:timers/promises'

import { residentMb } from '../process-usage.ts'
import { failureOf } from './load.ts'
import type { Product } from './product.ts'
import { trivial, waitingFor } from './programs.ts'

const warmUps = 30
/** Long enough that a product ends what it has begun in the background. */
const settleMs = 3_000
const sampleEveryMs = 200

/** Measurements of a product that was just started. */
export interface FreshSample {
  /** Milliseconds from the start of the first process to the first result. */
  readonly firstResultMs: number
  /** Resident memory of all processes before executions wait, in MB. */
  readonly idleMb: number
  /** Growth of the peak of the resident memory, in MB for each execution that waited. */
  readonly waitingMb: number
  readonly count: number
  readonly failed: number
  readonly firstFailure: string | undefined
}

/** Starts a product, waits for the first result, and lets `count` executions wait at the same time. */
export async function measureFresh({ start }: Product, count: number): Promise<FreshSample> {
  const began = performance.now()
  await using product = await start()
  const first = await failureOf(trivial, product.execute)
  if (first !== undefined) throw new Error(`The first execution has failed: ${first}`)
  const firstResultMs = performance.now() - began
  for (let i = 0; i < warmUps; i++) await failureOf(trivial, product.execute)
  await delay(settleMs)

  const idleMb = residentMb(product.pid)
  const isOver = new AbortController()
  const peak = peakMb(product.pid, isOver.signal)
  // Long enough for the slowest product to start all of them while the first one still waits.
  const program = waitingFor(2_000 + 10 * count)
  const all = Array.from({ length: count }, () => failureOf(program, product.execute))
  const failures = (await Promise.all(all)).filter((failure) => failure !== undefined)
  isOver.abort()
  return {
    firstResultMs,
    idleMb,
    waitingMb: ((await peak) - idleMb) / (count - failures.length),
    count,
    failed: failures.length,
    firstFailure: failures[0],
  }
}

/** Samples the resident memory of a product until the signal aborts, and resolves with the maximum. */
async function peakMb(pid: number, signal: AbortSignal): Promise<number> {
  let peak = 0
  while (!signal.aborted) {
    peak = Math.max(peak, residentMb(pid))
    await delay(sampleEveryMs, undefined, { signal }).catch(() => {})
  }
  return peak
}
