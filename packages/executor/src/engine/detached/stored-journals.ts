import type { ExecutionStore } from '../../store/execution-store.ts'
import type { GrowingJournal } from '../state/read-events.ts'
import { StoredJournal, type StoredIds } from './stored-journal.ts'

/** Journal that a reader has opened, until it is disposed. */
export interface OpenJournal extends Disposable {
  readonly journal: GrowingJournal
}

interface SharedJournal {
  readonly journal: StoredJournal
  readers: number
}

/** Journals of executions that have readers on this node. All readers of an execution share one. */
export class StoredJournals {
  readonly #store: ExecutionStore
  readonly #shared = new Map<string, SharedJournal>()

  constructor(store: ExecutionStore) {
    this.#store = store
  }

  /** Opens a journal with its entries up to now. Rejects with `RequestError` NOT_FOUND if it is gone. */
  async open(ids: StoredIds): Promise<OpenJournal> {
    const key = `${ids.tenant}\0${ids.id}`
    const shared = this.#shared.get(key) ?? { journal: new StoredJournal(this.#store, ids), readers: 0 }
    this.#shared.set(key, shared)
    shared.readers += 1
    const close = (): void => {
      shared.readers -= 1
      if (shared.readers > 0) return
      this.#shared.delete(key)
      shared.journal[Symbol.dispose]()
    }
    try {
      await shared.journal.read()
    } catch (error) {
      close()
      throw error
    }
    return { journal: shared.journal, [Symbol.dispose]: close }
  }
}
