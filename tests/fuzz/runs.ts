import { env } from 'node:process'

import type { Parameters } from 'fast-check'

/**
 * How often a fuzzer runs: a few times in the suite, always with the same seed, so that a change is what makes it fail; as
 * often as CODEMODE_FUZZ_RUNS says otherwise, with a new seed each time, which is in the report of a failure and can be
 * given as CODEMODE_FUZZ_SEED.
 */
export function fuzzRuns(inSuite: number): Pick<Parameters, 'numRuns' | 'seed' | 'endOnFailure'> {
  const { CODEMODE_FUZZ_RUNS: runs, CODEMODE_FUZZ_SEED: seed } = env
  if (runs === undefined) return { numRuns: inSuite, seed: 1, endOnFailure: true }
  return { numRuns: Number(runs), ...(seed !== undefined && { seed: Number(seed) }) }
}

/** How long a fuzzer may take. */
export const fuzzTimeoutMs = env['CODEMODE_FUZZ_RUNS'] === undefined ? 60_000 : 3_600_000
