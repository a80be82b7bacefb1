/**
 * Starts a timeout. Returns a function that returns the remaining whole milliseconds; undefined if there is no timeout.
 */
export function timeLeft(timeoutMs: number | undefined): () => number | undefined {
  if (timeoutMs === undefined) return () => undefined
  const endsAt = performance.now() + timeoutMs
  return () => Math.max(0, Math.ceil(endsAt - performance.now()))
}
