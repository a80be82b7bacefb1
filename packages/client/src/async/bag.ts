interface Entry<Item> {
  readonly item: Item
  index: number
}

/**
 * Unordered collection for items that are added and removed often. In a `Set`, each hash table that V8 has replaced
 * refers to its successor, so everything that was ever in the set stays in memory until the old generation is
 * collected.
 */
export class Bag<Item> {
  readonly #entries: Entry<Item>[] = []

  /** Adds an item. Returns a function that removes it, and that may be called more than once. */
  add(item: Item): () => void {
    const entry = { item, index: this.#entries.length }
    this.#entries.push(entry)
    return () => {
      if (this.#entries[entry.index] !== entry) return
      const last = this.#entries.pop()!
      if (last === entry) return
      last.index = entry.index
      this.#entries[entry.index] = last
    }
  }

  get all(): Item[] {
    return this.#entries.map(({ item }) => item)
  }
}
