/**
 * Aborts `controller` when `signal` aborts, or at once if it has aborted, with the same reason or the one that
 * `reasonOf` returns. Returns a function that removes the listener. `AbortSignal.any` would leak: it stays referenced
 * by sources that outlive it.
 */
export function forwardAbort(
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
