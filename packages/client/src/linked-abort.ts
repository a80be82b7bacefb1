/**
 * Aborts `controller` when `signal` does, with the same reason unless `reasonOf` gives another; at once if it has
 * already. Returns what lets go of the signal. (`AbortSignal.any` holds on to sources that outlive it.)
 */
export function linkAbort(
  signal: AbortSignal | undefined,
  controller: AbortController,
  reasonOf: (reason: unknown) => unknown = (reason) => reason,
): () => void {
  if (signal === undefined) return () => {}
  const abort = (): void => controller.abort(reasonOf(signal.reason))
  if (signal.aborted) {
    abort()
    return () => {}
  }
  signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
