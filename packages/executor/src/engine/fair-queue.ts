interface Entry<Item> {
  readonly priority: number
  readonly item: Item
}

/** A fair queue: tenants take turns; within a tenant, the highest priority goes first, then the earliest arrival. */
export class FairQueue<Item> {
  /** Entries by tenant. The order of the map is the order of the tenants' turns. */
  readonly #tenants = new Map<string, Entry<Item>[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  sizeOf(tenant: string): number {
    return this.#tenants.get(tenant)?.length ?? 0
  }

  add(tenant: string, priority: number, item: Item): void {
    const entries = this.#tenants.get(tenant) ?? []
    const behind = entries.findLastIndex((other) => other.priority >= priority)
    entries.splice(behind + 1, 0, { priority, item })
    this.#tenants.set(tenant, entries)
    this.#size += 1
  }

  /**
   * Removes and returns the first item of the first tenant whose first item is acceptable, and moves that tenant to the
   * end of the order. Returns undefined if there is none.
   */
  take(isAcceptable: (item: Item) => boolean): Item | undefined {
    for (const [tenant, entries] of this.#tenants) {
      const { item } = entries[0]!
      if (!isAcceptable(item)) continue
      entries.shift()
      this.#size -= 1
      this.#tenants.delete(tenant)
      if (entries.length > 0) this.#tenants.set(tenant, entries)
      return item
    }
    return undefined
  }

  remove(tenant: string, item: Item): void {
    const entries = this.#tenants.get(tenant) ?? []
    const position = entries.findIndex((entry) => entry.item === item)
    if (position === -1) return
    entries.splice(position, 1)
    this.#size -= 1
    if (entries.length === 0) this.#tenants.delete(tenant)
  }
}
