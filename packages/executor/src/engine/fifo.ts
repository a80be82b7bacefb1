/** Number of taken items up to which the queue is not compacted. */
const minTaken = 64

/**
 * First-in, first-out queue. Each operation takes constant time on average, however long the queue is: in a long array,
 * `shift` moves all other items, and a `Map` or a `Set` searches the slots of all removed entries for its first one
 * (design/collections.md).
 */
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

  /** Removes all items that do not fulfil the condition. Takes time in proportion to the length of the queue. */
  keep(condition: (item: Item) => boolean): void {
    this.#items = (this.#items.slice(this.#taken) as Item[]).filter(condition)
    this.#taken = 0
  }

  clear(): void {
    this.#items = []
    this.#taken = 0
  }
}
