import { setFlagsFromString } from 'node:v8'

/**
 * Flags of a sandbox process. By the first three V8 collects feedback and compiles later than for long-running programs:
 * most guests end after some milliseconds, before that work saves time. Guests that compute are as fast as before. By
 * the last one V8 keeps no compiled code for a later guest of the isolate, because that code would keep the contexts of
 * earlier guests alive. design/prepared-isolates.md has numbers.
 */
const flags = [
  '--no-concurrent-sparkplug',
  '--baseline-batch-compilation-threshold=16384',
  '--invocation-count-for-feedback-allocation=30',
  '--no-compilation-cache',
]

/** Sets the flags for the process, from now on. A flag that V8 does not know has no effect. */
export function setProcessFlags(): void {
  for (const flag of flags) setFlagsFromString(flag)
}

/** Switches of V8 that are on only while code of this repository needs them. */
type Switch = 'allow-natives-syntax' | 'compilation-cache' | 'expose-gc'

/** Calls a function, which must not run code of a guest, while a switch of V8 is on. */
export function withFlag<Result>(name: Switch, run: () => Result): Result {
  setFlagsFromString(`--${name}`)
  try {
    return run()
  } finally {
    setFlagsFromString(`--no-${name}`)
  }
}
