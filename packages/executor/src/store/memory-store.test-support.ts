// Store of detached executions in memory, which workers of several simulated nodes share. It has the behaviour of the real
// one: leases with epochs, an inbox, wake-ups, and redelivery when a node is gone.
import type { ExecutionFailure, ExecutionStatus, JournalEntry, JournalHeader } from '@codemode/shared'
import { isFinal, maxTimerMs, RequestError } from '@codemode/shared'

import {
  LeaseLost,
  type Created,
  type ExecutionFacts,
  type ExecutionPage,
  type ExecutionStore,
  type InboxMessage,
  type Lease,
  type ReceivedMessage,
  type ListOptions,
  type NewExecution,
  type StatusChange,
  type StoredExecution,
  type Worker,
  type Working,
} from './execution-store.ts'

interface Row {
  readonly facts: ExecutionFacts
  readonly header: JournalHeader
  readonly entries: JournalEntry[]
  readonly createdAt: number
  status: ExecutionStatus
  startedAt?: number
  finishedAt?: number
  error?: ExecutionFailure
  epoch: number
  /** Node that holds the lease; undefined if the execution is parked or waits for a claim. */
  holder: string | undefined
  isDue: boolean
  timer: NodeJS.Timeout | undefined
  inbox: ReceivedMessage[]
  onMessage: (() => void) | undefined
}

/** Name of an operation of a lease, before which a node may crash. */
export type Operation = 'append' | 'finish' | 'park' | 'messages' | 'release'

export interface MemoryStoreOptions {
  /** Called before (`isDone` false) and after each operation of a lease. A returned promise delays it; to crash, never settle. */
  readonly around?: (operation: Operation, isDone: boolean, node: string) => Promise<void> | undefined
}

export class MemoryStore implements ExecutionStore {
  readonly #options: MemoryStoreOptions
  readonly #rows = new Map<string, Row>()
  readonly #workers = new Set<Worker>()
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #running = new Map<string, Set<Promise<void>>>()
  #messages = 0

  constructor(options: MemoryStoreOptions = {}) {
    this.#options = options
  }

  async create({ facts, header, maxQueued }: NewExecution): Promise<Created> {
    const existing = this.#rows.get(facts.id)
    if (existing?.facts.tenant === facts.tenant)
      return { type: 'exists', bodyHash: existing.facts.bodyHash, isGone: false }
    const queued = [...this.#rows.values()].filter(
      (row) => row.facts.tenant === facts.tenant && row.status === 'queued',
    )
    if (queued.length >= maxQueued) return { type: 'too-many-queued' }
    this.#rows.set(facts.id, {
      facts,
      header,
      entries: [],
      createdAt: Date.now(),
      status: 'queued',
      epoch: 0,
      holder: undefined,
      isDue: true,
      timer: undefined,
      inbox: [],
      onMessage: undefined,
    })
    this.#dispatch()
    return { type: 'created' }
  }

  async find(tenant: string, id: string): Promise<StoredExecution | undefined> {
    const row = this.#rows.get(id)
    return row?.facts.tenant === tenant ? storedOf(row) : undefined
  }

  async list(tenant: string, { owner, status, label, since = 0, limit, cursor }: ListOptions): Promise<ExecutionPage> {
    const all = [...this.#rows.values()]
    const before = cursor === undefined ? all.length : all.findIndex(({ facts }) => facts.id === cursor)
    if (before < 0) throw new RequestError('INVALID_REQUEST', 'cursor: it is not a nextCursor of this list')
    const rows = all
      .slice(0, before)
      .toReversed()
      .filter(
        ({ facts, ...row }) =>
          facts.tenant === tenant &&
          row.createdAt >= since &&
          (status === undefined || row.status === status) &&
          (label === undefined || facts.label === label) &&
          (owner === undefined || facts.owner === owner),
      )
    const items = rows.slice(0, limit).map(storedOf)
    return { items, nextCursor: rows.length > limit ? items.at(-1)!.facts.id : null }
  }

  async read(tenant: string, id: string, after: number) {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant) return undefined
    return { header: row.header, entries: row.entries.slice(after) }
  }

  async post(tenant: string, id: string, message: InboxMessage): Promise<boolean> {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant || isFinal(row.status)) return false
    row.inbox.push({ number: (this.#messages += 1), message })
    if (row.holder === undefined) this.#makeDue(row)
    else row.onMessage?.()
    return true
  }

  async listNotifications() {
    return { items: [], nextCursor: null }
  }

  async resendNotification() {
    return undefined
  }

  onAppend(_tenant: string, id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  work(worker: Worker): Working {
    this.#workers.add(worker)
    this.#running.set(worker.node, new Set())
    this.#dispatch()
    return {
      wake: () => this.#dispatch(),
      stop: async () => {
        this.#workers.delete(worker)
        for (const run of this.#running.get(worker.node) ?? []) await run
      },
    }
  }

  /** Ends a node as SIGKILL does: it does nothing more, and what it held is given to others. */
  kill(node: string): void {
    for (const worker of this.#workers) if (worker.node === node) this.#workers.delete(worker)
    for (const row of this.#rows.values()) if (row.holder === node) this.#makeDue(row)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const row of this.#rows.values()) clearTimeout(row.timer)
  }

  #makeDue(row: Row): void {
    clearTimeout(row.timer)
    row.holder = undefined
    row.isDue = true
    queueMicrotask(() => this.#dispatch())
  }

  #dispatch(): void {
    for (const row of this.#rows.values()) {
      if (!row.isDue) continue
      const worker = [...this.#workers].find((each) => each.places() > 0)
      if (worker === undefined) return
      const run = worker.run(this.#claim(row, worker.node))
      const running = this.#running.get(worker.node)!
      running.add(run)
      void run.finally(() => running.delete(run))
    }
  }

  #claim(row: Row, node: string): Lease {
    row.isDue = false
    row.holder = node
    row.epoch += 1
    row.onMessage = undefined
    const { epoch } = row
    const check = (): void => {
      if (row.epoch !== epoch || row.holder !== node) throw new LeaseLost()
    }
    const during = async <Result>(operation: Operation, run: () => Result): Promise<Result> => {
      await this.#options.around?.(operation, false, node)
      await Promise.resolve()
      check()
      const result = run()
      await this.#options.around?.(operation, true, node)
      return result
    }
    const write = (entries: readonly JournalEntry[], change: Partial<StatusChange>): void => {
      row.entries.push(...entries)
      Object.assign(row, change)
      for (const listener of this.#listeners.get(row.facts.id) ?? []) listener()
    }
    const forget = (handled = 0): void => {
      row.inbox = row.inbox.filter(({ number }) => number > handled)
    }
    return {
      execution: storedOf(row),
      expiresInMs: storedOf(row).expiresAt - Date.now(),
      header: row.header,
      entries: [...row.entries],
      epoch,
      append: (entries, { change = {}, handled } = {}) =>
        during('append', () => {
          write(entries, change)
          forget(handled)
        }),
      finish: (entries, change) =>
        during('finish', () => {
          write(entries, change)
          row.holder = undefined
          row.inbox = []
        }),
      park: (entries, { wakeAt = Infinity, change = {}, handled }) =>
        during('park', () => {
          forget(handled)
          if (row.inbox.length > 0) return false
          write(entries, change)
          row.holder = undefined
          const dueAt = Math.min(wakeAt, storedOf(row).expiresAt)
          row.timer = setTimeout(() => this.#makeDue(row), Math.min(dueAt - Date.now(), maxTimerMs))
          return true
        }),
      release: () => during('release', () => this.#makeDue(row)),
      messages: () => during('messages', () => [...row.inbox]),
      confirm: () => undefined,
      onMessage: (listener) => (row.onMessage = listener),
    }
  }
}

function storedOf(row: Row): StoredExecution {
  const { facts, status, createdAt, startedAt, finishedAt, error } = row
  return {
    facts,
    status,
    createdAt,
    expiresAt: createdAt + facts.expiresAfterMs,
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(error !== undefined && { error }),
  }
}
