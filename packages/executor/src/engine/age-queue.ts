/** An item of an `AgeQueue`. */
export interface Aging {
  /** Whether the item has left. The queue drops such items later. */
  isGone: boolean
}

/**
 * A queue of items in the order of their arrival, which leave in any order. The oldest item is found in amortised
 * constant time. In a `Map` or a `Set`, V8 steps over the slots of all entries that were deleted before the first one,
 * and here nearly all entries that ever existed are deleted.
 */
export class AgeQueue<Item extends Aging> {
  #items: Item[] = []
  #first = 0
  #gone = 0

  get oldest(): Item | undefined {
    while (this.#items[this.#first]?.isGone === true) this.#first += 1
    return this.#items[this.#first]
  }

  get size(): number {
    return this.#items.length - this.#gone
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  /** Records that one of the items was marked as gone. */
  noteGone(): void {
    this.#gone += 1
    if (this.#gone <= minGone || this.#gone * 2 < this.#items.length) return
    this.#items = this.#items.filter(({ isGone }) => !isGone)
    this.#first = 0
    this.#gone = 0
  }
}

/** Number of gone items up to which the queue is not compacted. */
const minGone = 64
