/**
 * How many executions may run at a time, found by additive increase and multiplicative decrease (Chiu and Jain, 1989):
 * one more after each full round without trouble, half as many when the executor refuses or becomes slow.
 */
export interface Bounds {
  readonly min: number
  readonly max: number
}

/** How one execution went. Times are in milliseconds. */
export interface Outcome {
  /** How many executions had come to an end when this one began. */
  readonly begunAt: number
  readonly isRefused: boolean
  /** What it took besides running and waiting for its tools: queues, retries and the wire; undefined if nobody knows. */
  readonly overheadMs: number | undefined
}

/** Less overhead than this is never called slow. */
const negligibleMs = 50
/** More than so many times the usual overhead is slow. */
const slowFactor = 2
/** How much a further execution moves what is usual, */
const smoothing = 0.1
/** and how much a slow one: what stays slow at any limit is the work or the way, and becomes the usual. */
const slowSmoothing = 0.01

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

  /** The limit now. */
  get value(): number {
    return this.#limit
  }

  /** How many executions have come to an end. */
  get ended(): number {
    return this.#ended
  }

  /** Takes note of an execution that is over. */
  note({ begunAt, isRefused, overheadMs }: Outcome): void {
    this.#ended += 1
    const isSlow = this.#isSlow(overheadMs)
    if (overheadMs !== undefined) this.#learn(overheadMs, isSlow ? slowSmoothing : smoothing)
    if (isRefused || isSlow) this.#decrease(begunAt)
    else if (overheadMs !== undefined) this.#increase()
  }

  #learn(overheadMs: number, weight: number): void {
    this.#usualMs = (this.#usualMs ?? overheadMs) * (1 - weight) + overheadMs * weight
  }

  #isSlow(overheadMs: number | undefined): boolean {
    return overheadMs !== undefined && overheadMs > Math.max(negligibleMs, slowFactor * (this.#usualMs ?? Infinity))
  }

  /** What began before the last decrease says nothing about the limit since. */
  #decrease(begunAt: number): void {
    if (begunAt < this.#endedAtDecrease) return
    this.#endedAtDecrease = this.#ended
    this.#fastSinceChange = 0
    this.#limit = Math.max(this.#bounds.min, Math.floor(this.#limit / 2))
  }

  #increase(): void {
    this.#fastSinceChange += 1
    if (this.#fastSinceChange < this.#limit) return
    this.#fastSinceChange = 0
    this.#limit = Math.min(this.#bounds.max, this.#limit + 1)
  }
}
