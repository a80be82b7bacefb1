import { setFlagsFromString } from 'node:v8'

/**
 * Most guests end after some milliseconds, before what V8 learns and compiles for them pays off: it begins with both later
 * than it does for programs that stay. Guests that compute are as fast as they were; design/prepared-isolates.md has numbers.
 */
const flags = [
  '--no-concurrent-sparkplug',
  '--baseline-batch-compilation-threshold=16384',
  '--invocation-count-for-feedback-allocation=30',
]

/** Sets them for the process, from now on. A flag that V8 does not know any more changes nothing. */
export function compileLater(): void {
  for (const flag of flags) setFlagsFromString(flag)
}
