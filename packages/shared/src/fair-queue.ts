interface Entry<Item> {
  readonly priority: number
  readonly item: Item
}

/**
 * Queue in which the owners of the items take turns, so that no owner waits for all items of another one. Within an
 * owner, the highest priority goes first, then the earliest arrival.
 */
export class FairQueue<Owner, Item> {
  /** Entries by owner. The order of the map is the order of the owners' turns. */
  readonly #owners = new Map<Owner, Entry<Item>[]>()
  #size = 0

  /** Number of items in the queue. */
  get size(): number {
    return this.#size
  }

  /** Returns all items, in no particular order. */
  items(): Iterable<Item> {
    return this.#owners.values().flatMap((entries) => entries.map(({ item }) => item))
  }

  /** Returns the number of items of one owner. */
  sizeOf(owner: Owner): number {
    return this.#owners.get(owner)?.length ?? 0
  }

  /** Adds an item behind those of its owner that have the same priority or a higher one. */
  add(owner: Owner, priority: number, item: Item): void {
    const entries = this.#owners.get(owner) ?? []
    entries.splice(indexBehind(priority, entries), 0, { priority, item })
    this.#owners.set(owner, entries)
    this.#size += 1
  }

  /**
   * Removes and returns the first item of the first owner whose first item is acceptable, and moves that owner to the
   * end of the order. Returns undefined if there is none.
   */
  take(isAcceptable: (item: Item) => boolean = () => true): Item | undefined {
    for (const [owner, entries] of this.#owners) {
      const { item } = entries[0]!
      if (!isAcceptable(item)) continue
      entries.shift()
      this.#size -= 1
      this.#owners.delete(owner)
      if (entries.length > 0) this.#owners.set(owner, entries)
      return item
    }
    return undefined
  }

  /** Removes an item; does nothing if it is not in the queue. */
  remove(owner: Owner, item: Item): void {
    const entries = this.#owners.get(owner) ?? []
    const index = entries.findIndex((entry) => entry.item === item)
    if (index === -1) return
    entries.splice(index, 1)
    this.#size -= 1
    if (entries.length === 0) this.#owners.delete(owner)
  }
}

/** Returns the index behind all entries of this priority or a higher one, in a list of falling priorities. */
function indexBehind(priority: number, entries: readonly Entry<unknown>[]): number {
  let [from, to] = [0, entries.length]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    if (entries[middle]!.priority >= priority) from = middle + 1
    else to = middle
  }
  return from
}
