/** Tells how much is left of a time that begins to run now, in whole milliseconds; undefined if it has no end. */
export function timeLeft(timeoutMs: number | undefined): () => number | undefined {
  if (timeoutMs === undefined) return () => undefined
  const endsAt = performance.now() + timeoutMs
  return () => Math.max(0, Math.ceil(endsAt - performance.now()))
}
