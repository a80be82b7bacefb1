/** Default of the milliseconds for which a reader may keep a stream waiting. */
export const defaultStallMs = 30_000

/** Minimum sustained rate of a reader in bytes per millisecond; one that is cut off resumes where it was. */
const minBytesPerMs = 16

/** A watchdog over the time for which the socket of one stream keeps it waiting. */
export interface StallWatch {
  /** Records that this many bytes were handed to the socket. */
  wrote(bytes: number): void
  /** Records that the socket has room again. */
  drained(): void
  stop(): void
}

/**
 * Starts a watchdog that calls `onStalled` when a reader has kept its stream waiting for `stallMs` longer than one at
 * the minimum rate would. It detects readers that stand still, and those that read a byte now and then. A reader that
 * is faster makes up for earlier waits, and never gets more than `stallMs` ahead. Time without anything to write does
 * not count.
 */
export function watchStalls(stallMs: number, onStalled: () => void): StallWatch {
  let budgetMs = stallMs
  let waiting: { readonly since: number; readonly dueMs: number } | undefined
  let timer: NodeJS.Timeout | undefined

  function drained(): void {
    clearTimeout(timer)
    if (waiting === undefined) return
    const waitedMs = performance.now() - waiting.since
    budgetMs = Math.min(stallMs, budgetMs + waiting.dueMs - waitedMs)
    waiting = undefined
  }

  return {
    wrote(bytes) {
      drained()
      waiting = { since: performance.now(), dueMs: bytes / minBytesPerMs }
      timer = setTimeout(onStalled, Math.max(0, budgetMs + waiting.dueMs))
    },
    drained,
    stop: () => clearTimeout(timer),
  }
}
