import { RequestError } from '@codemode/shared'

/**
 * Maximum number of readers of an execution at once. Each holds a connection, and a slow one also events. A client
 * needs one reader, and a second one to resume.
 */
const maxReaders = 16

/**
 * Counter of the readers of one execution, up to a maximum. Losing a connection does not cancel the execution, but an
 * execution whose last reader has been gone for the grace period is given up.
 */
export class ReaderWatchdog {
  readonly #graceMs: number
  /** Called with the reason when the execution is given up; undefined after it has ended. */
  #giveUp: ((reason: string) => void) | undefined
  #readers = 0
  #timer: NodeJS.Timeout | undefined

  constructor(graceMs: number, giveUp: (reason: string) => void) {
    this.#graceMs = graceMs
    this.#giveUp = giveUp
  }

  /**
   * Counts a reader until the returned function is called. Throws `RequestError` RATE_LIMITED when there are too many.
   */
  attach(): () => void {
    if (this.#readers >= maxReaders) {
      throw new RequestError('RATE_LIMITED', `The execution has ${maxReaders} readers, which is the limit`, {
        details: { limit: maxReaders },
        // The request may have been meant to run the code, which another executor must not run then.
        ambiguous: true,
        suggestion: 'Close another reader of this execution, or read GET /v1/executions/:id.',
      })
    }
    this.#readers += 1
    clearTimeout(this.#timer)
    let isAttached = true
    return () => {
      if (!isAttached) return
      isAttached = false
      this.#readers -= 1
      if (this.#readers === 0 && this.#giveUp !== undefined) this.#startGrace()
    }
  }

  /** Stops watching, because the execution has ended. */
  stop(): void {
    this.#giveUp = undefined
    clearTimeout(this.#timer)
  }

  #startGrace(): void {
    this.#timer = setTimeout(() => this.#giveUp?.(`its client was gone for ${this.#graceMs} ms`), this.#graceMs)
  }
}
