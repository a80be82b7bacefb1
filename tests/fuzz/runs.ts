import { env } from 'node:process'

import type { Parameters } from 'fast-check'
import { inject } from 'vitest'

const isSoak = inject('soak')

/** Factor by which a fuzzer runs longer in the project `soak` than in the gate. */
const soakFactor = 50

/**
 * Returns the size and the seed of a fuzzer. In the gate it is short and its seed never changes, so that a failure is the
 * fault of the change. In the project `soak` it is long and its seed is new; a failure reports the seed, which
 * CODEMODE_FUZZ_SEED sets again.
 */
export function fuzzRuns(inGate: number): Pick<Parameters, 'numRuns' | 'seed' | 'endOnFailure'> {
  const { CODEMODE_FUZZ_SEED: seed } = env
  if (!isSoak) return { numRuns: inGate, seed: 1, endOnFailure: true }
  return { numRuns: inGate * soakFactor, ...(seed !== undefined && { seed: Number(seed) }) }
}

/** Milliseconds that a fuzzer may take. */
export const fuzzTimeoutMs = isSoak ? 3_600_000 : 300_000
