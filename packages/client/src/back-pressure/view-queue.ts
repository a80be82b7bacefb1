import { FairQueue } from '@codemode/shared/internal'
import type { Queue, QueueAddOptions } from 'p-queue'

/** Options with which a run enters the queue. */
export interface ViewQueueOptions extends QueueAddOptions {
  /** View that started the run. Runs without one share a view. */
  readonly view?: object
}

type Run = () => Promise<unknown>

interface Entry {
  readonly run: Run
  readonly id: string
  readonly view: object
}

/** Adapter of `FairQueue` to p-queue: views take turns. It has the operations that `ClientAdmission` uses. */
export class ViewQueue implements Queue<Run, ViewQueueOptions> {
  readonly #entries = new FairQueue<object, Entry>()
  /** Entries by the id that p-queue gives to each run. */
  readonly #byId = new Map<string, Entry>()

  get size(): number {
    return this.#entries.size
  }

  enqueue(run: Run, { priority = 0, id = '', view = this }: Partial<ViewQueueOptions> = {}): void {
    const entry = { run, id, view }
    this.#entries.add(view, priority, entry)
    this.#byId.set(id, entry)
  }

  dequeue(): Run | undefined {
    const entry = this.#entries.take()
    if (entry !== undefined) this.#byId.delete(entry.id)
    return entry?.run
  }

  remove(id: string): void {
    const entry = this.#byId.get(id)
    if (entry === undefined) return
    this.#byId.delete(id)
    this.#entries.remove(entry.view, entry)
  }

  setPriority(): never {
    throw new Error('ViewQueue does not change priorities')
  }

  filter(): never {
    throw new Error('ViewQueue does not select runs by priority')
  }
}
