interface Place<Item> {
  readonly item: Item
  index: number
}

/**
 * Unordered collection for items that are added and removed often. In a `Set`, each hash table that V8 has replaced
 * refers to its successor, so everything that was ever in the set stays in memory until the old generation is
 * collected.
 */
export class Bag<Item> {
  readonly #places: Place<Item>[] = []

  /** Adds an item. Returns a function that removes it, and that may be called more than once. */
  add(item: Item): () => void {
    const place = { item, index: this.#places.length }
    this.#places.push(place)
    return () => {
      if (this.#places[place.index] !== place) return
      const last = this.#places.pop()!
      if (last === place) return
      last.index = place.index
      this.#places[place.index] = last
    }
  }

  get all(): Item[] {
    return this.#places.map(({ item }) => item)
  }
}
