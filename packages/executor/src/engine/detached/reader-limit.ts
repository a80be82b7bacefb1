import { maxReaders, tooManyReaders } from '../attached/reader-watchdog.ts'

/** Limit on the readers that each detached execution has on this node, because every reader holds the journal in memory. */
export class ReaderLimit {
  readonly #counts = new Map<string, number>()

  /** Counts a reader until the returned function is called. Throws `RequestError` RATE_LIMITED above the limit. */
  attach(executionId: string): () => void {
    const count = this.#counts.get(executionId) ?? 0
    if (count >= maxReaders) throw tooManyReaders()
    this.#counts.set(executionId, count + 1)
    let isAttached = true
    return () => {
      if (isAttached) this.#detach(executionId)
      isAttached = false
    }
  }

  #detach(executionId: string): void {
    const left = this.#counts.get(executionId)! - 1
    if (left > 0) this.#counts.set(executionId, left)
    else this.#counts.delete(executionId)
  }
}
