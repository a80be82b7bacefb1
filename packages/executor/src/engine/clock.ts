/**
 * Creates a clock for one execution, in whole milliseconds since the epoch. It starts at the given time, by default the
 * system time, and advances with the monotonic clock, so it never goes backwards and does not jump when the system time is
 * set.
 */
export function createClock(startsAt = Date.now()): () => number {
  const origin = startsAt - performance.now()
  return () => Math.floor(origin + performance.now())
}
