/**
 * Scheduler of deferrable work for idle moments. It does one piece in each round of the event loop, so that messages
 * that arrive meanwhile are read.
 */
export class IdleWork {
  readonly #doNext: () => boolean
  readonly #quietTimer: NodeJS.Timeout
  #due: NodeJS.Immediate | undefined

  /** Starts the work after `quietMs`. `doNext` does one piece of it, or returns false if there is none. */
  constructor(doNext: () => boolean, quietMs: number) {
    this.#doNext = doNext
    this.#quietTimer = setTimeout(() => this.start(), quietMs)
  }

  /** Works until nothing is left or until `pause`. It does one piece in a round, however often it is started. */
  start(): void {
    clearImmediate(this.#due)
    this.#due = setImmediate(() => {
      if (this.#doNext()) this.start()
    })
  }

  /** Stops the work until it is started again. */
  pause(): void {
    clearImmediate(this.#due)
  }

  /** Starts the work once this has not been called for `quietMs` (debounce). */
  startWhenQuiet(): void {
    this.#quietTimer.refresh()
  }
}
