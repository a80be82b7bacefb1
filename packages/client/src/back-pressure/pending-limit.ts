/** Run that waits to be admitted. */
interface PendingRun {
  readonly view: object
  /** Ends the wait with an error. */
  refuse(this: void): void
}

/**
 * Limit on the number of runs that wait. Above it, the latest run of the view with the most waiting runs is refused, so
 * that one view does not keep the others out.
 */
export class PendingLimit {
  readonly #max: number
  readonly #views = new Map<object, Set<PendingRun>>()
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Adds a run. Returns a function that removes it, which may be called again. */
  add(run: PendingRun): () => void {
    const { view } = run
    const ofView = this.#views.get(view) ?? new Set()
    ofView.add(run)
    this.#views.set(view, ofView)
    this.#size += 1
    return () => {
      if (!ofView.delete(run)) return
      this.#size -= 1
      if (ofView.size === 0) this.#views.delete(view)
    }
  }

  /** Refuses one run if there are more than the maximum. */
  enforce(): void {
    if (this.#size <= this.#max) return
    let most: Set<PendingRun> | undefined
    // Of views with equal numbers, the one that was added last is chosen.
    for (const ofView of this.#views.values()) if (ofView.size >= (most?.size ?? 0)) most = ofView
    ;[...(most ?? [])].at(-1)?.refuse()
  }
}
