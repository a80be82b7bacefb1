/**
 * Counts an execution's readers. Losing the connection is not cancelling, but an execution whose last reader has been
 * gone for the grace is given up.
 */
export class ReaderWatch {
  readonly #graceMs: number
  readonly #giveUp: (reason: string) => void
  #readers = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(graceMs: number, giveUp: (reason: string) => void) {
    this.#graceMs = graceMs
    this.#giveUp = giveUp
  }

  /** A reader is there until the returned function is called. */
  attach(): () => void {
    this.#readers += 1
    clearTimeout(this.#timer)
    let isAttached = true
    return () => {
      if (!isAttached) return
      isAttached = false
      this.#readers -= 1
      if (this.#readers === 0 && !this.#stopped) this.#startGrace()
    }
  }

  /** Watches no longer: the execution has ended. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #startGrace(): void {
    this.#timer = setTimeout(() => this.#giveUp(`its client was gone for ${this.#graceMs} ms`), this.#graceMs)
  }
}
