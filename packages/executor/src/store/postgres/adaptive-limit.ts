import { isStatementTimeout } from './store-errors.ts'

/**
 * Number of rows that a statement may change at once: halved when a statement does not end within its timeout, and raised
 * slowly when it does.
 */
export class AdaptiveLimit {
  readonly #max: number
  #limit: number

  constructor(max: number) {
    this.#max = max
    this.#limit = max
  }

  /**
   * Runs a statement again and again, until it changes fewer rows than the limit or the signal aborts. `run` returns the
   * number of rows. Rejects if a statement fails for another reason, or cannot change a single row in time.
   */
  async repeat(run: (limit: number) => Promise<number>, signal?: AbortSignal): Promise<void> {
    for (;;) {
      if (signal?.aborted === true) return
      const limit = this.#limit
      try {
        const count = await run(limit)
        this.#limit = Math.min(limit + Math.ceil(limit / 8), this.#max)
        if (count < limit) return
      } catch (error) {
        if (limit === 1 || !isStatementTimeout(error)) throw error
        this.#limit = Math.ceil(limit / 2)
      }
    }
  }
}
