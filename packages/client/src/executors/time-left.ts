/**
 * Starts a timeout. Returns a function that returns what is left of it in whole milliseconds; undefined for no timeout.
 */
export function timeLeft(timeoutMs: number | undefined): () => number | undefined {
  if (timeoutMs === undefined) return () => undefined
  const endsAt = performance.now() + timeoutMs
  return () => Math.max(0, Math.ceil(endsAt - performance.now()))
}
