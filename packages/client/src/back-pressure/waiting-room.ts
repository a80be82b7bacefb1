/** Whose turn has not come yet. */
interface Waiting {
  readonly view: object
  /** Sends it away. */
  refuse(this: void): void
}

/**
 * Those who wait, up to a number. When it is full, the view that has most in it gives way, its latest first, so that one
 * view does not keep the others out.
 */
export class WaitingRoom {
  readonly #max: number
  readonly #views = new Map<object, Set<Waiting>>()
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  /** What it returns is called when the wait is over, and may be called again. */
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

  /** Refuses one of those who wait, if they are too many. */
  tidy(): void {
    if (this.#size <= this.#max) return
    let most: Set<Waiting> | undefined
    // Of equals the one that came last.
    for (const ofView of this.#views.values()) if (ofView.size >= (most?.size ?? 0)) most = ofView
    ;[...(most ?? [])].at(-1)?.refuse()
  }
}
