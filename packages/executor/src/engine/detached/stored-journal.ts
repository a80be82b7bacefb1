import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'

import type { Appended, ExecutionFacts, ExecutionStore } from '../../store/execution-store.ts'
import { notFound } from '../engine.ts'
import type { GrowingJournal } from '../state/read-events.ts'

/** Milliseconds between reads of a journal that grows, in case the store's notification is lost. */
const pollMs = 5_000

/** Ids by which a stored execution is found. */
type StoredIds = Pick<ExecutionFacts, 'tenant' | 'id'>

/** Journal of a detached execution as it grows: read from the store, or taken from what this node appends. It must be closed. */
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

  private constructor(store: ExecutionStore, { tenant, id }: StoredIds, journal: Journal, stopListening: () => void) {
    this.#store = store
    this.#tenant = tenant
    this.#id = id
    this.header = journal.header
    this.entries = [...journal.entries]
    this.#stopListening = stopListening
    this.#timer = setInterval(() => this.#refresh(), pollMs)
  }

  /** Reads the journal up to now, and follows it from then on. Rejects with `RequestError` NOT_FOUND if it is gone. */
  static async open(store: ExecutionStore, ids: StoredIds): Promise<StoredJournal> {
    let journal: StoredJournal | undefined
    let hasGrown = false
    // Listens before it reads, so that no entry is appended unnoticed between the two.
    const stopListening = store.onAppend(ids.tenant, ids.id, (appended) => {
      hasGrown = true
      if (journal !== undefined) journal.#grow(appended)
    })
    try {
      const stored = await store.read(ids.tenant, ids.id, 0)
      if (stored === undefined) throw notFound(ids.id)
      journal = new StoredJournal(store, ids, stored, stopListening)
      if (hasGrown) journal.#refresh()
      return journal
    } finally {
      if (journal === undefined) stopListening()
    }
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

  /** Takes entries that follow those that are there, and reads further ones if others are missing or not given. */
  #grow(appended: Appended | undefined): void {
    if (appended === undefined || this.#isReading || appended.position > this.entries.length) return this.#refresh()
    const further = appended.entries.slice(this.entries.length - appended.position)
    if (further.length === 0) return
    this.entries.push(...further)
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
