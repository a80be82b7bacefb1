import { RequestError } from '@codemode/shared'

/**
 * Maximum number of readers of an execution at once. Each holds a connection, and a slow one also events. A client
 * needs one reader, and a second one to resume.
 */
export const maxReaders = 16

/**
 * Watchdog over the readers of one execution, whose number it limits. The loss of a connection does not cancel the
 * execution; it is cancelled when it has had no reader for the grace period.
 */
export class ReaderWatchdog {
  readonly #graceMs: number
  /** Cancels the execution with a reason; undefined after the execution has ended. */
  #cancel: ((reason: string) => void) | undefined
  #readers = 0
  #timer: NodeJS.Timeout | undefined

  constructor(graceMs: number, cancel: (reason: string) => void) {
    this.#graceMs = graceMs
    this.#cancel = cancel
  }

  /**
   * Counts a reader until the returned function is called. Throws `RequestError` RATE_LIMITED when there are too many.
   */
  attach(): () => void {
    if (this.#readers >= maxReaders) {
      throw tooManyReaders()
    }
    this.#readers += 1
    clearTimeout(this.#timer)
    let isAttached = true
    return () => {
      if (!isAttached) return
      isAttached = false
      this.#readers -= 1
      if (this.#readers === 0 && this.#cancel !== undefined) this.#startGrace()
    }
  }

  /** Stops watching, because the execution has ended. */
  stop(): void {
    this.#cancel = undefined
    clearTimeout(this.#timer)
  }

  #startGrace(): void {
    this.#timer = setTimeout(
      () => this.#cancel?.(`no reader was connected for ${this.#graceMs} ms (disconnectGraceMs)`),
      this.#graceMs,
    )
  }
}

/** Returns the refusal of a reader above the limit. */
export function tooManyReaders(): RequestError {
  return new RequestError('RATE_LIMITED', `The execution has ${maxReaders} readers, which is the limit`, {
    details: { limit: maxReaders },
    // The request may be one that runs the code, which another executor must not run as well.
    ambiguous: true,
    suggestion: 'Close another reader of this execution, or read GET /v1/executions/:id.',
  })
}
