/** The properties and items of one value that schemas have evaluated (the annotations of JSON Schema). */
export class Seen {
  #all = false
  readonly #keys = new Set<string | number>()
  #itemsBelow = 0

  add(key: string | number): void {
    this.#keys.add(key)
  }

  /** Adds all items before the index. */
  addItemsBelow(index: number): void {
    this.#itemsBelow = Math.max(this.#itemsBelow, index)
  }

  addAll(): void {
    this.#all = true
  }

  has(key: string | number): boolean {
    return this.#all || (typeof key === 'number' && key < this.#itemsBelow) || this.#keys.has(key)
  }

  /** Adds what another record has; returns the number of entries that it looked at. */
  merge(other: Seen): number {
    this.#all ||= other.#all
    this.addItemsBelow(other.#itemsBelow)
    for (const key of other.#keys) this.#keys.add(key)
    return other.#keys.size
  }
}
