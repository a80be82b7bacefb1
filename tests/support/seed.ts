import { env } from 'node:process'

import { inject } from 'vitest'

export const isSoak = inject('soak')

/** Factor by which a generated test is larger in the project `soak` than in the gate. */
export const soakFactor = 50

/** Options of a test that takes a seed each time: it runs once in the gate, and often in the project `soak`. */
export const repeatedInSoak = { repeats: isSoak ? soakFactor - 1 : 0 }

/**
 * Returns the seed of a generated test. In the gate it is `inGate`, so that only a change of the code makes the test
 * fail. In the project `soak` it is CODEMODE_FUZZ_SEED, or a new one each time; a failure reports it.
 */
export function seedOf(inGate: number): number {
  if (!isSoak) return inGate
  return Number(env['CODEMODE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
}
