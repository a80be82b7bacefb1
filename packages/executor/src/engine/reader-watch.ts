import { RequestError } from '@codemode/shared'

/** Each reader holds a connection, and one that is slow also the events; a client needs one, and one more to resume. */
const maxReaders = 16

/**
 * Counts an execution's readers. Losing the connection is not cancelling, but an execution whose last reader has been
 * gone for the grace is given up. There may be so many readers at once.
 */
export class ReaderWatch {
  readonly #graceMs: number
  /** Undefined when the execution has ended. */
  #giveUp: ((reason: string) => void) | undefined
  #readers = 0
  #timer: NodeJS.Timeout | undefined

  constructor(graceMs: number, giveUp: (reason: string) => void) {
    this.#graceMs = graceMs
    this.#giveUp = giveUp
  }

  /** A reader is there until the returned function is called. Throws `RequestError` RATE_LIMITED when there are too many. */
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

  /** Watches no longer: the execution has ended. */
  stop(): void {
    this.#giveUp = undefined
    clearTimeout(this.#timer)
  }

  #startGrace(): void {
    this.#timer = setTimeout(() => this.#giveUp?.(`its client was gone for ${this.#graceMs} ms`), this.#graceMs)
  }
}
