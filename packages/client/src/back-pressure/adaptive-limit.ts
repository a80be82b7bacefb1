/**
 * Adaptive concurrency limit by AIMD, additive increase and multiplicative decrease (Chiu and Jain, 1989): the limit
 * grows by one after each full round without congestion, and is halved when the executor refuses an execution or
 * becomes slow.
 */

/** Lowest and highest value of an adaptive limit. */
export interface Bounds {
  readonly min: number
  readonly max: number
}

/** Measured outcome of one execution. */
export interface Outcome {
  /** Value of `ended` when the execution began. */
  readonly endedBefore: number
  readonly isRefused: boolean
  /**
   * Milliseconds spent besides running and waiting for tools: in queues, retries and on the wire; undefined if unknown.
   */
  readonly overheadMs: number | undefined
}

/** Overhead in milliseconds up to which an execution is never slow. */
const minSlowMs = 50
/** Multiple of the usual overhead above which an execution is slow. */
const slowFactor = 2
/** Weight of one execution in the moving average of the overhead. */
const smoothing = 0.1

export class AdaptiveLimit {
  readonly #bounds: Bounds
  #limit: number
  #ended = 0
  #endedAtDecrease = 0
  #fastSinceChange = 0
  #usualMs: number | undefined

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    this.#limit = bounds.min
  }

  /** Maximum number of executions that may run at a time now. */
  get value(): number {
    return this.#limit
  }

  /** Number of executions that have ended. */
  get ended(): number {
    return this.#ended
  }

  /** Records an execution that has ended, and adapts the limit. */
  record({ endedBefore, isRefused, overheadMs }: Outcome): void {
    this.#ended += 1
    if (isRefused || this.#isSlow(overheadMs)) {
      // At the lowest limit, concurrency is not the reason, so this overhead becomes part of the usual
      // one.
      const isAtMinimum = this.#limit === this.#bounds.min && endedBefore >= this.#endedAtDecrease
      if (isAtMinimum && overheadMs !== undefined) this.#updateUsual(overheadMs)
      this.#decrease(endedBefore)
    } else if (overheadMs !== undefined) this.#increase(overheadMs)
  }

  #isSlow(overheadMs: number | undefined): boolean {
    return overheadMs !== undefined && overheadMs > Math.max(minSlowMs, slowFactor * (this.#usualMs ?? Infinity))
  }

  /** Halves the limit, unless the execution began before the last decrease: it says nothing about the limit since. */
  #decrease(endedBefore: number): void {
    if (endedBefore < this.#endedAtDecrease) return
    this.#endedAtDecrease = this.#ended
    this.#fastSinceChange = 0
    this.#limit = Math.max(this.#bounds.min, Math.floor(this.#limit / 2))
  }

  #increase(overheadMs: number): void {
    this.#updateUsual(overheadMs)
    this.#fastSinceChange += 1
    if (this.#fastSinceChange < this.#limit) return
    this.#fastSinceChange = 0
    this.#limit = Math.min(this.#bounds.max, this.#limit + 1)
  }

  #updateUsual(overheadMs: number): void {
    this.#usualMs = (this.#usualMs ?? overheadMs) * (1 - smoothing) + overheadMs * smoothing
  }
}
