import type { Queue, QueueAddOptions } from 'p-queue'

/** What a place in the queue is asked for with. */
export interface Place extends QueueAddOptions {
  /** Who waits; views take turns. */
  readonly view?: object
}

type Run = () => Promise<unknown>

interface Entry {
  readonly run: Run
  readonly priority: number
  readonly id: string | undefined
}

/**
 * The order of p-queue in which views take turns, so that none starves another; within a view the higher priority goes
 * first, then the earlier arrival.
 */
export class FairQueue implements Queue<Run, Place> {
  /** The order of the map is the order of the views' turns. */
  readonly #views = new Map<object, Entry[]>()
  readonly #anyone = {}
  size = 0

  enqueue(run: Run, { priority = 0, id, view = this.#anyone }: Partial<Place> = {}): void {
    const entries = this.#views.get(view) ?? []
    const behind = entries.findLastIndex((other) => other.priority >= priority)
    entries.splice(behind + 1, 0, { run, priority, id })
    this.#views.set(view, entries)
    this.size += 1
  }

  dequeue(): Run | undefined {
    for (const [view, entries] of this.#views) {
      const entry = entries.shift()
      this.#views.delete(view)
      if (entries.length > 0) this.#views.set(view, entries)
      this.size -= 1
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
    for (const [view, entries] of this.#views) {
      const position = entries.findIndex((entry) => entry.id === id)
      if (position === -1) continue
      const [entry] = entries.splice(position, 1)
      if (entries.length === 0) this.#views.delete(view)
      this.size -= 1
      return entry && { entry, view }
    }
    return undefined
  }
}
