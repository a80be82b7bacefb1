/** Number of taken items up to which the queue is not compacted. */
const minTaken = 64

/** A first-in, first-out queue. `Array.prototype.shift` would move all other items of a long array at each removal. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  /** Returns the item at a position, counted from 0 at the front; undefined if there is none. */
  at(position: number): Item | undefined {
    return this.#items[this.#taken + position]
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  /** Removes and returns the first item; undefined if there is none. */
  take(): Item | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#taken]
    this.#items[this.#taken] = undefined
    this.#taken += 1
    if (this.#taken > minTaken && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#taken = 0
  }
}
