/** How long a reader may keep a stream waiting. */
export const defaultStallMs = 30_000

/** The slowest that a reader may be for long; one that is cut off resumes where it was. */
const minBytesPerMs = 16

/** Watches how long the socket of one stream keeps it waiting. */
export interface StallWatch {
  /** So many bytes were handed to the socket. */
  wrote(bytes: number): void
  /** The socket has room again. */
  drained(): void
  stop(): void
}

/**
 * Calls back when a reader has kept its stream waiting for `stallMs` longer than a very slow one would: one that stands still
 * is found, and so is one that reads a byte now and then. Who reads faster makes up for earlier waits, and never gets more
 * than `stallMs` ahead. Time in which there is nothing to write does not count.
 */
export function watchStalls(stallMs: number, onStalled: () => void): StallWatch {
  let patienceMs = stallMs
  let waiting: { readonly since: number; readonly dueMs: number } | undefined
  let timer: NodeJS.Timeout | undefined

  function drained(): void {
    clearTimeout(timer)
    if (waiting === undefined) return
    const waitedMs = performance.now() - waiting.since
    patienceMs = Math.min(stallMs, patienceMs + waiting.dueMs - waitedMs)
    waiting = undefined
  }

  return {
    wrote(bytes) {
      drained()
      waiting = { since: performance.now(), dueMs: bytes / minBytesPerMs }
      timer = setTimeout(onStalled, Math.max(0, patienceMs + waiting.dueMs))
    },
    drained,
    stop: () => clearTimeout(timer),
  }
}
