import { setImmediate } from 'node:timers/promises'

/** Size in bytes below which work is done at once. */
const smallBytes = 16 * 1024

/** Bytes of large work per round of the event loop: some milliseconds, whatever the JSON consists of. */
const roundBytes = 256 * 1024

/**
 * Pacer that spreads work on large texts over rounds of the event loop. Other requests are served in between, also when
 * guests produce much output at once.
 */
export class Pacer {
  #doneInRound = 0
  #last: Promise<void> | undefined

  /** Returns undefined if work on this many bytes may start now; otherwise a promise that resolves when it may. */
  reserve(bytes: number): Promise<void> | undefined {
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
