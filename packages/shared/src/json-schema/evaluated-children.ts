/** Record of the properties and items of one value that schemas have evaluated (the annotations of JSON Schema). */
export class EvaluatedChildren {
  #all = false
  #keys: Set<string | number> | undefined
  #itemsBelow = 0

  add(key: string | number): void {
    this.#keys ??= new Set()
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
    return this.#all || (typeof key === 'number' && key < this.#itemsBelow) || this.#keys?.has(key) === true
  }

  /** Adds the children of another record. Returns the number of steps that this took. */
  merge(other: EvaluatedChildren): number {
    this.#all ||= other.#all
    this.addItemsBelow(other.#itemsBelow)
    if (other.#keys === undefined) return 2
    for (const key of other.#keys) this.add(key)
    return 2 + 3 * other.#keys.size
  }
}
