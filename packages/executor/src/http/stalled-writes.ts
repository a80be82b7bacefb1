/** Default of the milliseconds for which a reader may keep a stream waiting. */
export const defaultStallMs = 30_000

/** Minimum sustained rate of a reader in bytes per millisecond; a reader that is disconnected resumes where it was. */
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
 * the minimum rate would. It detects readers that read nothing, and those that read a byte from time to time. A
 * faster reader makes up for earlier waits, and can save up at most `stallMs`. Time without anything to write does
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
