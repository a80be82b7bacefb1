import { env } from 'node:process'

import type { Parameters } from 'fast-check'

/**
 * Returns the parameters of a fuzzer. In the suite it runs `inSuite` times with a fixed seed, so that only a change of
 * the code makes it fail. With CODEMODE_FUZZ_RUNS it runs that often with a new seed, which the report of a failure
 * contains and CODEMODE_FUZZ_SEED repeats.
 */
export function fuzzRuns(inSuite: number): Pick<Parameters, 'numRuns' | 'seed' | 'endOnFailure'> {
  const { CODEMODE_FUZZ_RUNS: runs, CODEMODE_FUZZ_SEED: seed } = env
  if (runs === undefined) return { numRuns: inSuite, seed: 1, endOnFailure: true }
  return { numRuns: Number(runs), ...(seed !== undefined && { seed: Number(seed) }) }
}

/** Milliseconds that a fuzzer may take. */
export const fuzzTimeoutMs = env['CODEMODE_FUZZ_RUNS'] === undefined ? 60_000 : 3_600_000
