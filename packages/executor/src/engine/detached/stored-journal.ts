import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'

import type { ExecutionFacts, ExecutionStore } from '../../store/execution-store.ts'
import { notFound } from '../engine.ts'
import type { GrowingJournal } from '../state/read-events.ts'

/** Milliseconds between reads of a journal that grows, in case the store's notification is lost. */
const pollMs = 5_000

/** Ids by which a stored execution is found. */
type StoredIds = Pick<ExecutionFacts, 'tenant' | 'id'>

/** Journal of a detached execution, read from the store as it grows. It must be closed. */
export class StoredJournal implements GrowingJournal, Disposable {
  readonly header: JournalHeader
  readonly entries: JournalEntry[]
  readonly #tenant: string
  readonly #id: string
  readonly #store: ExecutionStore
  readonly #stopListening: () => void
  readonly #timer: NodeJS.Timeout
  /** Settled at the next entry; undefined while no reader waits. */
  #next: PromiseWithResolvers<void> | undefined
  #isReading = false
  #isStale = false

  private constructor(store: ExecutionStore, { tenant, id }: StoredIds, journal: Journal) {
    this.#store = store
    this.#tenant = tenant
    this.#id = id
    this.header = journal.header
    this.entries = [...journal.entries]
    this.#stopListening = store.onAppend(tenant, id, () => this.#refresh())
    this.#timer = setInterval(() => this.#refresh(), pollMs)
  }

  /** Reads the journal up to now, and follows it from then on. Rejects with `RequestError` NOT_FOUND if it is gone. */
  static async open(store: ExecutionStore, ids: StoredIds): Promise<StoredJournal> {
    const stored = await store.read(ids.tenant, ids.id, 0)
    if (stored === undefined) throw notFound(ids.id)
    const journal = new StoredJournal(store, ids, stored)
    // Entries may have been appended before the notifications began.
    journal.#refresh()
    return journal
  }

  grown(): Promise<void> {
    return (this.#next ??= Promise.withResolvers()).promise
  }

  wakeReaders(): void {
    this.#next?.resolve()
    this.#next = undefined
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#stopListening()
    this.wakeReaders()
  }

  /** Reads further entries; a call during a read is served by another read after it. */
  #refresh(): void {
    this.#isStale = true
    if (!this.#isReading) void this.#readAll()
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    while (this.#isStale) {
      this.#isStale = false
      try {
        const stored = await this.#store.read(this.#tenant, this.#id, this.entries.length)
        const { entries = [] } = stored ?? {}
        if (entries.length === 0) continue
        this.entries.push(...entries)
        this.wakeReaders()
      } catch {
        // The store does not answer. The next poll tries again.
      }
    }
    this.#isReading = false
  }
}
