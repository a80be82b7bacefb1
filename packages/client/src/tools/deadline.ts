/** Smaller differences are latency and the rounding of timestamps to seconds. */
const toleranceMs = 2_000

/**
 * A deadline that another machine set, on this machine's clock. `sentAt` is when the message was sent, by the sender's
 * clock; both are in milliseconds since the epoch. Without it, a clock that is a minute ahead would end each call at once.
 */
export function onLocalClock(deadline: string, sentAt: number, now: number = Date.now()): string {
  const ahead = now - sentAt
  if (!(Math.abs(ahead) > toleranceMs)) return deadline
  return new Date(Date.parse(deadline) + ahead).toISOString()
}
