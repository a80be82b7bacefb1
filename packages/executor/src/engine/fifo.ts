/** Fewer items that were taken are not worth dropping. */
const minTaken = 64

/** A first-in, first-out queue. `Array.prototype.shift` moves all other items of a long array, each time. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  /** Returns the item with so many before it; undefined if there is none. */
  at(position: number): Item | undefined {
    return this.#items[this.#taken + position]
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  /** Removes the first item and returns it; undefined if there is none. */
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
