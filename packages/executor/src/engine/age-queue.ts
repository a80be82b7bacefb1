/** What stands in a queue by age. */
export interface Aging {
  /** It has left; the queue still has to drop it. */
  isGone: boolean
}

/**
 * Items in the order of their arrival, which leave in any order. The oldest is at hand: to find the first of a `Map` or a
 * `Set`, V8 steps over the places of all that were deleted before it, and here that is nearly all that ever were.
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

  /** One of the items has been marked as gone. */
  noteGone(): void {
    this.#gone += 1
    if (this.#gone <= minGone || this.#gone * 2 < this.#items.length) return
    this.#items = this.#items.filter(({ isGone }) => !isGone)
    this.#first = 0
    this.#gone = 0
  }
}

/** Fewer are not worth dropping. */
const minGone = 64
