import { setFlagsFromString } from 'node:v8'

/** Size of a semi-space of the young generation, in MiB. */
const semiSpaceMb = 8

/**
 * Flags of a sandbox process. design/prepared-isolates.md has the measurements.
 *
 * By the first three V8 collects feedback and compiles later than for long-running programs: most guests end after some
 * milliseconds, before that work saves time. Guests that compute are as fast as before. By the next one V8 keeps no
 * compiled code for a later guest of the isolate, because that code would keep the contexts of earlier guests alive. The
 * last two set the size of the young generation in MiB. With V8's choice, which depends on the memory limit, a collection
 * would come after every fifth guest, and copy what ended guests have left.
 */
const flags = [
  '--no-concurrent-sparkplug',
  '--baseline-batch-compilation-threshold=16384',
  '--invocation-count-for-feedback-allocation=30',
  '--no-compilation-cache',
  `--min-semi-space-size=${semiSpaceMb}`,
  `--max-semi-space-size=${semiSpaceMb}`,
]

/**
 * Returns the limit of isolated-vm, in MiB, for a memory limit. isolated-vm limits the old generation, and at least 8 MiB of
 * it. The young generation takes up to three semi-spaces, of which a small part is left as a margin.
 */
export function oldGenerationMb(memoryLimitMb: number): number {
  return Math.max(8, memoryLimitMb - 3 * semiSpaceMb + 6)
}

/** Sets the flags for the process, from now on. A flag that V8 does not know has no effect. */
export function setProcessFlags(): void {
  for (const flag of flags) setFlagsFromString(flag)
}

/** Flags of V8 that are on only while code of this repository needs them. */
type TemporaryFlag = 'allow-natives-syntax' | 'compilation-cache' | 'expose-gc'

/** Calls a function, which must not run code of a guest, while a flag of V8 is on. */
export function withFlag<Result>(name: TemporaryFlag, run: () => Result): Result {
  setFlagsFromString(`--${name}`)
  try {
    return run()
  } finally {
    setFlagsFromString(`--no-${name}`)
  }
}
