interface Place<Item> {
  readonly item: Item
  index: number
}

/**
 * What is under way, in no order. Where much comes and goes it is better than a `Set`: the table that V8 has replaced by
 * another refers to that one, so that all that was ever in the set stays in memory until the old generation is collected.
 */
export class Bag<Item> {
  readonly #places: Place<Item>[] = []

  /** What it returns takes the item out again, and may be called again. */
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
