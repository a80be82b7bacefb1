/**
 * Creates a clock for one execution, in whole milliseconds since the epoch. It starts at the system time and advances
 * with the monotonic clock, so it never goes backwards and does not jump when the system time is set.
 */
export function createClock(): () => number {
  const origin = Date.now() - performance.now()
  return () => Math.floor(origin + performance.now())
}
