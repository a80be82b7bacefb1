/** Piece of work that can wait for an idle moment. */
export interface PieceOfWork {
  /** True if it may take longer than a millisecond. */
  readonly isLong: boolean
  /** True if the next guest would have to do it otherwise. */
  readonly isUrgent: boolean
  run(): void
}

interface IdleWorkOptions {
  /** Returns the pieces that wait, the most urgent first. */
  readonly pieces: () => Iterable<PieceOfWork>
  /** Returns whether a guest lives in the process, which may get a delivery at any moment. */
  readonly hasGuests: () => boolean
  /** Clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number
}

/**
 * Milliseconds after a message for which no work is begun while a guest lives. A guest that has called a tool may get its
 * answer at once, and would have to wait for that work.
 */
const quietMs = 4
/** Milliseconds after a message for which no long piece is begun while a guest lives. */
const quietBeforeLongMs = 100
/** Time between pieces that are not urgent, as a multiple of the time that the last one took: a fifth of a core. */
const restFactor = 4

/**
 * Scheduler of deferrable work for idle moments. It does one piece in each round of the event loop, so that messages
 * that arrive meanwhile are read.
 */
export class IdleWork {
  readonly #options: IdleWorkOptions
  readonly #now: () => number
  #immediate: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #messageAt = -Infinity
  /** Time before which no further piece is begun that is not urgent. */
  #restsUntil = -Infinity

  constructor(options: IdleWorkOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Stops the work, because a message has arrived. */
  pause(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#timer)
  }

  /** Goes on with the work after the last message that has arrived was handled. */
  resume(): void {
    this.#messageAt = this.#now()
    this.#schedule(this.#options.hasGuests() ? quietMs : 0)
  }

  /** Checks for pieces of work that have come up without a message. */
  look(): void {
    this.#schedule(0)
  }

  #schedule(ms: number): void {
    this.pause()
    if (ms > 0) this.#timer = setTimeout(() => this.#work(), ms)
    else this.#immediate = setImmediate(() => this.#work())
  }

  /** Does the first piece that may be done now, and otherwise waits until one may be. */
  #work(): void {
    let waitMs = Infinity
    for (const piece of this.#options.pieces()) {
      const ms = this.#msUntil(piece)
      if (ms <= 0) {
        this.#run(piece)
        this.#schedule(0)
        return
      }
      waitMs = Math.min(waitMs, ms)
    }
    if (waitMs < Infinity) this.#schedule(Math.ceil(waitMs))
  }

  #msUntil({ isLong, isUrgent }: PieceOfWork): number {
    const now = this.#now()
    const quiet = this.#options.hasGuests() ? this.#messageAt + (isLong ? quietBeforeLongMs : quietMs) - now : 0
    return isUrgent ? quiet : Math.max(quiet, this.#restsUntil - now)
  }

  #run(piece: PieceOfWork): void {
    const beganAt = this.#now()
    piece.run()
    const endedAt = this.#now()
    if (!piece.isUrgent) this.#restsUntil = endedAt + (endedAt - beganAt) * restFactor
  }
}
