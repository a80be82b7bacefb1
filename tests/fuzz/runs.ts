import type { Parameters } from 'fast-check'

import { isSoak, seedOf, soakFactor } from '../support/seed.ts'

/** Returns the size and the seed of a fuzzer. In the gate it is short and ends at the first failure, without shrinking. */
export function fuzzRuns(inGate: number): Pick<Parameters, 'numRuns' | 'seed' | 'endOnFailure'> {
  return { numRuns: isSoak ? inGate * soakFactor : inGate, seed: seedOf(1), endOnFailure: !isSoak }
}

/** Milliseconds that a fuzzer may take. */
export const fuzzTimeoutMs = isSoak ? 3_600_000 : 300_000
