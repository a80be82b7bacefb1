import type { Queue, QueueAddOptions } from 'p-queue'

/** Options with which an execution enters the queue. */
export interface Place extends QueueAddOptions {
  /** View that waits. The queue is fair between views; executions without one share a view. */
  readonly view?: object
}

type Run = () => Promise<unknown>

interface Entry {
  readonly run: Run
  readonly priority: number
  readonly id: string | undefined
}

/**
 * Queue of p-queue that is fair between views: they take turns, so that none starves another. Within a view the higher
 * priority goes first, then the earlier arrival.
 */
export class FairQueue implements Queue<Run, Place> {
  /** Waiting executions by view; the order of the map is the order of the views' turns. */
  readonly #views = new Map<object, Entry[]>()
  /** Entries that have an id, by that id, for `remove` and `setPriority`. */
  readonly #places = new Map<string, { readonly entry: Entry; readonly view: object }>()
  readonly #anyone = {}
  size = 0

  enqueue(run: Run, { priority = 0, id, view = this.#anyone }: Partial<Place> = {}): void {
    const entries = this.#views.get(view) ?? []
    const entry = { run, priority, id }
    entries.splice(placeFor(priority, entries), 0, entry)
    this.#views.set(view, entries)
    if (id !== undefined) this.#places.set(id, { entry, view })
    this.size += 1
  }

  dequeue(): Run | undefined {
    for (const [view, entries] of this.#views) {
      const entry = entries.shift()
      this.#views.delete(view)
      if (entries.length > 0) this.#views.set(view, entries)
      this.size -= 1
      if (entry?.id !== undefined) this.#places.delete(entry.id)
      return entry?.run
    }
    return undefined
  }

  remove(id: string): void {
    this.#take(id)
  }

  setPriority(id: string, priority: number): void {
    const taken = this.#take(id)
    if (taken !== undefined) this.enqueue(taken.entry.run, { priority, id, view: taken.view })
  }

  filter({ priority }: Partial<Place>): Run[] {
    const entries = [...this.#views.values()].flat()
    return entries.filter((entry) => entry.priority === priority).map(({ run }) => run)
  }

  #take(id: string): { entry: Entry; view: object } | undefined {
    const place = this.#places.get(id)
    if (place === undefined) return undefined
    const entries = this.#views.get(place.view)!
    entries.splice(entries.indexOf(place.entry), 1)
    if (entries.length === 0) this.#views.delete(place.view)
    this.#places.delete(id)
    this.size -= 1
    return place
  }
}

/** Returns the index behind all entries of this priority or a higher one, in a list of falling priorities. */
function placeFor(priority: number, entries: readonly Entry[]): number {
  let [from, to] = [0, entries.length]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    if (entries[middle]!.priority >= priority) from = middle + 1
    else to = middle
  }
  return from
}
