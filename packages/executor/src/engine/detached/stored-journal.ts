import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'

import type { ExecutionStore } from '../../store/execution-store.ts'
import type { GrowingJournal } from '../state/read-events.ts'

/** Milliseconds between reads of a journal that grows, in case the store's notification is lost. */
const pollMs = 1_000

/** Journal of a detached execution, read from the store as it grows. It must be closed. */
export class StoredJournal implements GrowingJournal, Disposable {
  readonly header: JournalHeader
  readonly entries: JournalEntry[]
  readonly #id: string
  readonly #store: ExecutionStore
  readonly #stopListening: () => void
  readonly #timer: NodeJS.Timeout
  /** Settled at the next entry; undefined while no reader waits. */
  #next: PromiseWithResolvers<void> | undefined
  #reading: Promise<void> | undefined
  #isStale = false

  private constructor(store: ExecutionStore, id: string, journal: Journal) {
    this.#store = store
    this.#id = id
    this.header = journal.header
    this.entries = [...journal.entries]
    this.#stopListening = store.onAppend(id, () => this.#refresh())
    this.#timer = setInterval(() => this.#refresh(), pollMs)
  }

  /** Reads the journal up to now, and follows it from then on. */
  static async open(store: ExecutionStore, id: string): Promise<StoredJournal> {
    const { header, entries } = await store.read(id, 0)
    const journal = new StoredJournal(store, id, { header, entries: [...entries] })
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
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined))
  }

  async #readAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      try {
        const { entries } = await this.#store.read(this.#id, this.entries.length)
        if (entries.length === 0) continue
        this.entries.push(...entries)
        this.wakeReaders()
      } catch {
        // The store does not answer. The next poll tries again.
      }
    }
  }
}
