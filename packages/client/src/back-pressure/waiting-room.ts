/** Execution that waits to be admitted. */
interface Waiting {
  readonly view: object
  /** Ends its wait with an error. */
  refuse(this: void): void
}

/**
 * Bounded set of waiting executions. On overflow, the latest execution of the view that has the most of them is
 * refused, so that one view does not keep the others out.
 */
export class WaitingRoom {
  readonly #max: number
  readonly #views = new Map<object, Set<Waiting>>()
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Adds an execution. Returns a function that removes it, which may be called again. */
  enter(waiting: Waiting): () => void {
    const { view } = waiting
    const ofView = this.#views.get(view) ?? new Set()
    ofView.add(waiting)
    this.#views.set(view, ofView)
    this.#size += 1
    return () => {
      if (!ofView.delete(waiting)) return
      this.#size -= 1
      if (ofView.size === 0) this.#views.delete(view)
    }
  }

  /** Refuses one execution if there are more than the maximum. */
  tidy(): void {
    if (this.#size <= this.#max) return
    let most: Set<Waiting> | undefined
    // Of views with equal numbers, the one that came last is chosen.
    for (const ofView of this.#views.values()) if (ofView.size >= (most?.size ?? 0)) most = ofView
    ;[...(most ?? [])].at(-1)?.refuse()
  }
}
