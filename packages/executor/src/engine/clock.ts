/**
 * A clock for one execution, in whole milliseconds since the epoch: it starts at the machine's time and goes on by the
 * machine's monotonic clock, so that it never goes backwards and does not jump when the machine's time is set.
 */
export function createClock(): () => number {
  const origin = Date.now() - performance.now()
  return () => Math.floor(origin + performance.now())
}
