import { setImmediate } from 'node:timers/promises'

/** Work on less than this is done at once. */
const smallBytes = 16 * 1024

/** How much large work is done in one round of the event loop: some milliseconds, whatever the JSON is made of. */
const roundBytes = 256 * 1024

/**
 * Spreads work on large texts over rounds of the event loop, so that however much guests put out at once, everyone else's
 * requests are served in between.
 */
export class Pacer {
  #doneInRound = 0
  #last: Promise<void> | undefined

  /** Undefined if work on so many bytes may be done now; otherwise resolves when it is its turn. */
  turn(bytes: number): Promise<void> | undefined {
    if (bytes < smallBytes) return undefined
    this.#last = this.#after(this.#last, bytes)
    return this.#last
  }

  async #after(previous: Promise<void> | undefined, bytes: number): Promise<void> {
    await previous
    if (this.#doneInRound + bytes > roundBytes) {
      await setImmediate()
      this.#doneInRound = 0
    }
    this.#doneInRound += bytes
  }
}
