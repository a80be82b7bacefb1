/**
 * Does what can be done some time, in the moments in which nothing else is to do: one thing in each round of the event loop,
 * so that what comes meanwhile is read.
 */
export class IdleWork {
  readonly #doNext: () => boolean
  readonly #quietTimer: NodeJS.Timeout
  #due: NodeJS.Immediate | undefined

  /** `doNext` does one thing, or returns false if there is nothing. Begins after `quietMs`. */
  constructor(doNext: () => boolean, quietMs: number) {
    this.#doNext = doNext
    this.#quietTimer = setTimeout(() => this.start(), quietMs)
  }

  /** Goes on until nothing is left, or until `pause`. It is one thing in a round however often it is started. */
  start(): void {
    clearImmediate(this.#due)
    this.#due = setImmediate(() => {
      if (this.#doNext()) this.start()
    })
  }

  /** Does nothing until it is started again. */
  pause(): void {
    clearImmediate(this.#due)
  }

  /** Starts when nobody has called this for `quietMs`. */
  startWhenQuiet(): void {
    this.#quietTimer.refresh()
  }
}
