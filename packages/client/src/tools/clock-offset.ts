/**
 * Bounds of the difference between this machine's clock and the executor's, from the order of events: the executor
 * stamped a message after this machine began the exchange that led to it, and before this machine received it. Both
 * clocks are in milliseconds since the epoch. No assumption is made about how long anything was in transit.
 */
export class ClockOffset {
  #least = -Infinity
  #most = Infinity

  /** Records that the executor's clock showed `executorMs` after this machine's clock showed `localMs`. */
  stampedAfter(executorMs: number, localMs: number): void {
    this.#least = Math.max(this.#least, localMs - executorMs)
  }

  /** Records that the executor's clock showed `executorMs` before this machine's clock showed `localMs`. */
  stampedBefore(executorMs: number, localMs: number): void {
    this.#most = Math.min(this.#most, localMs - executorMs)
  }

  /** Returns the earliest time of this machine's clock that a time of the executor's clock can be. */
  earliest(executorMs: number): number {
    return executorMs + Math.min(this.#least, this.#most)
  }

  /** Returns the latest time of this machine's clock that a time of the executor's clock can be. */
  latest(executorMs: number): number {
    return executorMs + this.#most
  }

  /**
   * Returns a time of the executor's clock on this machine's clock: the same time if the bounds allow that both clocks
   * are right, otherwise the nearest time that they allow.
   */
  estimate(executorMs: number): number {
    return executorMs + Math.min(Math.max(0, this.#least), this.#most)
  }
}
