import { setFlagsFromString } from 'node:v8'

/**
 * Flags by which V8 collects feedback and compiles later than for long-running programs. Most guests end after some
 * milliseconds, before that work saves time. Guests that compute are as fast as before; design/prepared-isolates.md has
 * numbers.
 */
const flags = [
  '--no-concurrent-sparkplug',
  '--baseline-batch-compilation-threshold=16384',
  '--invocation-count-for-feedback-allocation=30',
]

/** Sets the flags for the process, from now on. A flag that V8 does not know has no effect. */
export function delayCompilation(): void {
  for (const flag of flags) setFlagsFromString(flag)
}
