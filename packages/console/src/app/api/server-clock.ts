// The executor's clock as far as the browser knows it, so that what still runs is not drawn too long or too short.

/** Difference in milliseconds that is not corrected: the header has whole seconds, and responses take time. */
const toleranceMs = 2_000
let offsetMs = 0

/** Notes the time of a response, as its header `date` has it. */
export function noteResponseTime(header: string | null): void {
  const difference = header === null ? Number.NaN : Date.parse(header) + 500 - Date.now()
  offsetMs = Math.abs(difference) > toleranceMs ? difference : 0
}

/** Returns the time of the executor's clock in milliseconds since the epoch. */
export function executorNow(): number {
  return Date.now() + offsetMs
}
