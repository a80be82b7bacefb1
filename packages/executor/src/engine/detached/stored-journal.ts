import type { JournalEntry, JournalHeader } from '@codemode/shared'

import type { Appended, ExecutionFacts, ExecutionStore } from '../../store/execution-store.ts'
import { notFound } from '../engine.ts'
import type { GrowingJournal } from '../state/read-events.ts'

/** Milliseconds between reads of a journal that grows, in case the store's notification is lost. */
const pollMs = 5_000

/** Ids by which a stored execution is found. */
export type StoredIds = Pick<ExecutionFacts, 'tenant' | 'id'>

/** Journal of one execution as it grows: read from the store, or taken from what this node appends. It must be closed. */
export class StoredJournal implements GrowingJournal, Disposable {
  readonly entries: JournalEntry[] = []
  readonly #store: ExecutionStore
  readonly #ids: StoredIds
  readonly #stopListening: () => void
  readonly #timer: NodeJS.Timeout
  #header: JournalHeader | undefined
  /** Settled at the next entry; undefined while no reader waits. */
  #next: PromiseWithResolvers<void> | undefined
  #reading: Promise<void> | undefined
  /** Entries that were appended during the read. */
  #early: Appended[] = []
  /** Read that begins after the one that is under way. */
  #nextReading: Promise<void> | undefined

  /** Starts to follow the journal. `read` must be called before it is used. */
  constructor(store: ExecutionStore, ids: StoredIds) {
    this.#store = store
    this.#ids = ids
    this.#stopListening = store.onAppend(ids.tenant, ids.id, (appended) => this.#grow(appended))
    this.#timer = setInterval(() => this.#refresh(), pollMs)
  }

  get header(): JournalHeader {
    if (this.#header === undefined) throw new Error('The journal has not been read')
    return this.#header
  }

  /**
   * Reads the entries that were appended before the call. Calls during a read share the next one. Rejects with
   * `RequestError` NOT_FOUND if the journal is gone.
   */
  read(): Promise<void> {
    if (this.#reading === undefined) {
      this.#reading = this.#readNow().finally(() => {
        this.#reading = undefined
        for (const appended of this.#early.splice(0)) this.#grow(appended)
      })
      return this.#reading
    }
    const readAgain = (): Promise<void> => {
      this.#nextReading = undefined
      return this.read()
    }
    this.#nextReading ??= this.#reading.then(readAgain, readAgain)
    return this.#nextReading
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
  }

  async #readNow(): Promise<void> {
    const { tenant, id } = this.#ids
    const stored = await this.#store.read(tenant, id, this.entries.length)
    if (stored === undefined) throw notFound(id)
    this.#header ??= stored.header
    if (stored.entries.length === 0) return
    for (const entry of stored.entries) this.entries.push(entry)
    this.wakeReaders()
  }

  /** Takes entries that follow those that are there, and reads further ones if others are missing or not given. */
  #grow(appended: Appended | undefined): void {
    if (appended !== undefined && this.#reading !== undefined) return void this.#early.push(appended)
    const isNext = appended !== undefined && this.#header !== undefined && appended.position <= this.entries.length
    if (!isNext) return this.#refresh()
    const further = appended.entries.slice(this.entries.length - appended.position)
    if (further.length === 0) return
    for (const entry of further) this.entries.push(entry)
    this.wakeReaders()
  }

  /** Reads further entries. If the store does not answer, the next poll tries again. */
  #refresh(): void {
    this.read().catch(() => {})
  }
}
