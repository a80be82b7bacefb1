// Store of detached executions in memory, which workers of several simulated nodes share. It has the behaviour of the real
// one: leases with epochs, an inbox, wake-ups, and redelivery when a node is gone.
import type { Callback, ExecutionFailure, ExecutionStatus, JournalEntry, JournalHeader } from '@codemode/shared'
import { isFinal, maxTimerMs } from '@codemode/shared'

import type {
  CountBounds,
  CountOptions,
  ExecutionGroups,
  ExecutionPage,
  ListedExecution,
  ListOptions,
} from './execution-list.ts'
import {
  LeaseLost,
  type AnswerMessage,
  type Created,
  type EndedExecution,
  type ExecutionFacts,
  type ExecutionStore,
  type InboxMessage,
  type Lease,
  type ReceivedMessage,
  type NewExecution,
  type Promotion,
  type StatusChange,
  type StoredExecution,
  type Worker,
  type Working,
} from './execution-store.ts'
import { comesAfter, decodeCursor, encodeCursor } from './list-cursor.ts'
import { groupOf, isSelected } from './list-filter.ts'
import { MemoryApprovals, type MemoryApproval } from './memory-approvals.test-support.ts'
import { MemorySessions } from './memory-sessions.test-support.ts'
import type { ApprovalListOptions, ApprovalPage, Decided, NewDecision, StoredApproval } from './stored-approval.ts'

interface Row {
  readonly facts: ExecutionFacts
  readonly header: JournalHeader
  readonly entries: JournalEntry[]
  readonly isAttached: boolean
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
  /** Reason of the wait of a parked execution. */
  parkedFor: string | undefined
  onMessage: (() => void) | undefined
  callback: Callback | undefined
  readonly approvals: MemoryApprovals
  serving: { readonly reader: string; readonly until: number } | undefined
}

/** Name of an operation of a lease, before which a node may crash. */
export type Operation = 'append' | 'finish' | 'park' | 'messages' | 'release'

export interface MemoryStoreOptions {
  /** Returns the name of the node that gets the next execution; by default, it is the first one that has a place. */
  readonly nextNode?: () => string | undefined
  /** Called before (`isDone` false) and after each operation of a lease. A returned promise delays it; to crash, never settle. */
  readonly around?: (operation: Operation, isDone: boolean, node: string) => Promise<void> | undefined
}

export class MemoryStore implements ExecutionStore {
  readonly isInUse = true
  readonly sessions = new MemorySessions({
    find: (id) => this.#rows.get(id)!,
    has: ({ facts }) => this.#rows.get(facts.id)?.facts.tenant === facts.tenant,
    create: (execution, isDue) => this.#create(execution, isDue),
    cancel: (id) => void this.post(this.#rows.get(id)!.facts.tenant, id, { kind: 'cancel' }),
  })
  readonly #options: MemoryStoreOptions
  readonly #rows = new Map<string, Row>()
  readonly #workers = new Set<Worker>()
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #running = new Map<string, Set<Promise<void>>>()
  #messages = 0

  constructor(options: MemoryStoreOptions = {}) {
    this.#options = options
  }

  async create(execution: NewExecution): Promise<Created> {
    return this.#create(execution, true)
  }

  async #create({ facts, header, maxQueued }: NewExecution, isDue: boolean): Promise<Created> {
    const existing = this.#rows.get(facts.id)
    if (existing?.facts.tenant === facts.tenant)
      return { type: 'exists', bodyHash: existing.facts.bodyHash, isGone: false }
    const queued = [...this.#rows.values()].filter(
      (row) => row.facts.tenant === facts.tenant && row.status === 'queued',
    )
    if (queued.length >= maxQueued) return { type: 'too-many-queued' }
    const row = newRow({ facts, header, createdAt: Date.now(), status: 'queued', isDue })
    this.#rows.set(facts.id, row)
    if (isDue) this.#dispatch()
    else this.#wakeAt(row)
    return { type: 'created' }
  }

  async record(executions: readonly EndedExecution[]): Promise<void> {
    for (const { facts, journal, end } of executions) {
      if (this.#rows.has(facts.id)) continue
      const createdAt = Date.parse(journal.header.createdAt)
      const row = newRow({
        facts: { ...facts, expiresAfterMs: end.finishedAt - createdAt },
        header: journal.header,
        entries: [...journal.entries],
        isAttached: true,
        createdAt,
        epoch: 1,
        ...end,
      })
      this.#rows.set(facts.id, row)
    }
  }

  async promote({ execution, entries, requested, epoch, startedAt, wakeAt }: Promotion): Promise<boolean> {
    const { facts, header } = execution
    const existing = this.#rows.get(facts.id)
    if (existing !== undefined) {
      return !existing.isAttached && existing.createdAt === Date.parse(header.createdAt)
    }
    const row = newRow({
      facts,
      header,
      entries: [...entries],
      createdAt: Date.parse(header.createdAt),
      startedAt,
      status: 'paused',
      epoch,
      approvals: new MemoryApprovals(requested),
    })
    this.#rows.set(facts.id, row)
    this.#wakeAt(row, wakeAt)
    return true
  }

  async decide(tenant: string, id: string, decision: NewDecision): Promise<Decided | undefined> {
    const row = this.#rows.get(id)
    const decided = row?.facts.tenant === tenant ? row.approvals.decide(decision) : undefined
    if (row === undefined || decided === undefined) return undefined
    const [type, approval] = decided
    const { call, made } = decision
    if (type === 'decided') await this.post(tenant, id, { kind: 'decision', call, made })
    return { type, approval: approvalOf(row, approval) }
  }

  async listApprovals(
    tenant: string,
    { owner, status, executionId, order, limit, cursor = '0' }: ApprovalListOptions,
  ): Promise<ApprovalPage> {
    const all = [...this.#rows.values()]
      .filter(({ facts }) => facts.tenant === tenant && (owner === undefined || facts.owner === owner))
      .filter(({ facts }) => executionId === undefined || facts.id === executionId)
      .flatMap((row) => row.approvals.all.map((approval) => approvalOf(row, approval)))
      .filter((approval) => status === undefined || approval.status === status)
    if (order === 'newest') all.reverse()
    const start = Number(cursor)
    const items = all.slice(start, start + limit)
    return { items, nextCursor: all.length > start + limit ? String(start + limit) : null }
  }

  async setCallback(tenant: string, id: string, callback: Callback) {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant || isFinal(row.status)) return 'ended'
    if (row.serving !== undefined && row.serving.until > Date.now()) return 'served'
    row.callback = callback
    await this.post(tenant, id, { kind: 'callback' })
    return 'replaced'
  }

  async serve(tenant: string, id: string, reader: string, ms: number): Promise<boolean> {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant) return false
    if (row.serving !== undefined && row.serving.reader !== reader && row.serving.until > Date.now()) return false
    row.serving = { reader, until: Date.now() + ms }
    return true
  }

  async stopServing(_tenant: string, id: string, reader: string): Promise<void> {
    const row = this.#rows.get(id)
    if (row?.serving?.reader === reader) row.serving = undefined
  }

  async find(tenant: string, id: string): Promise<StoredExecution | undefined> {
    const row = this.#rows.get(id)
    return row?.facts.tenant === tenant ? storedOf(row) : undefined
  }

  async list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    const { limit, cursor } = options
    const before = cursor === undefined ? undefined : decodeCursor(cursor)
    const all = this.#listed(tenant, options)
      .map((execution) => ({ execution, place: { createdAt: execution.createdAt, id: execution.facts.id } }))
      .filter(({ place }) => before === undefined || comesAfter(place, before))
      .toSorted((a, b) => (comesAfter(a.place, b.place) ? 1 : -1))
    const items = all.slice(0, limit)
    return {
      items: items.map(({ execution }) => execution),
      nextCursor: all.length > limit ? encodeCursor(items.at(-1)!.place) : null,
    }
  }

  async count(tenant: string, options: CountOptions, { except, max }: CountBounds): Promise<ExecutionGroups> {
    const all = this.#listed(tenant, options).filter(({ facts }) => !except.includes(facts.id))
    const counted = all.toSorted((a, b) => b.createdAt - a.createdAt).slice(0, max)
    const groups = counted.map((execution) => groupOf(execution, options))
    return { groups, ...(counted.length === max && { countedSince: counted.at(-1)!.createdAt }) }
  }

  #listed(tenant: string, options: Omit<ListOptions, 'limit' | 'cursor'>): ListedExecution[] {
    return [...this.#rows.values()]
      .filter(({ facts }) => facts.tenant === tenant)
      .map((row) => ({ ...storedOf(row), ...(row.header.session && { session: row.header.session }) }))
      .filter((execution) => isSelected(execution, options))
  }

  async read(tenant: string, id: string, after: number) {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant) return undefined
    return { header: row.header, entries: row.entries.slice(after) }
  }

  async countEntries(tenant: string, id: string): Promise<number> {
    return (await this.read(tenant, id, 0))?.entries.length ?? 0
  }

  async countParked(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    for (const { parkedFor, holder } of this.#rows.values()) {
      if (parkedFor !== undefined && holder === undefined) counts.set(parkedFor, (counts.get(parkedFor) ?? 0) + 1)
    }
    return counts
  }

  async findRuntime(): Promise<undefined> {
    return undefined
  }

  async post(tenant: string, id: string, message: InboxMessage): Promise<boolean> {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant || isFinal(row.status)) return false
    row.inbox.push({ number: (this.#messages += 1), message })
    if (row.holder === undefined) this.#makeDue(row)
    else row.onMessage?.()
    return true
  }

  async answer(tenant: string, id: string, message: AnswerMessage, entries: number) {
    const row = this.#rows.get(id)
    if (row?.facts.tenant !== tenant || isFinal(row.status)) return 'late'
    if (row.entries.length > entries) return 'stale'
    const isRepeated = row.inbox.some(
      ({ message: other }) => other.kind === 'answer' && other.call === message.call && 'ok' in other.response,
    )
    if (isRepeated && 'ok' in message.response) return 'late'
    return (await this.post(tenant, id, message)) ? 'accepted' : 'late'
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

  #wakeAt(row: Row, wakeAt = Infinity): void {
    clearTimeout(row.timer)
    const dueAt = Math.min(wakeAt, storedOf(row).expiresAt)
    row.timer = setTimeout(() => this.#makeDue(row), Math.min(Math.max(0, dueAt - Date.now()), maxTimerMs))
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
      const free = [...this.#workers].filter((each) => each.places() > 0)
      const next = this.#options.nextNode?.()
      const worker = free.find(({ node }) => node === next) ?? free[0]
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
    row.parkedFor = undefined
    row.epoch += 1
    row.onMessage = undefined
    const { epoch } = row
    const wasBlocked = this.sessions.leasedStep(row.facts.id)?.isBlocked === true
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
      step: this.sessions.leasedStep(row.facts.id),
      expiresInMs: storedOf(row).expiresAt - Date.now(),
      header: row.header,
      entries: [...row.entries],
      epoch,
      append: (entries, { change = {}, handled, requested = [], expired = [] } = {}) =>
        during('append', () => {
          write(entries, change)
          forget(handled)
          row.approvals.request(requested)
          row.approvals.expire(expired)
        }),
      finish: (entries, change, step) =>
        during('finish', () => {
          write(entries, change)
          row.holder = undefined
          row.inbox = []
          row.approvals.cancel()
          const next = this.#rows.get(this.sessions.ended(row.facts.id, step) ?? '')
          if (next !== undefined && next.holder === undefined) this.#makeDue(next)
        }),
      park: (entries, { wakeAt = Infinity, change = {}, handled, reason }) =>
        during('park', () => {
          forget(handled)
          if (row.inbox.length > 0) return false
          write(entries, change)
          row.holder = undefined
          row.parkedFor = reason
          this.#wakeAt(row, wakeAt)
          // The step before has ended while this one was held.
          if (wasBlocked && this.sessions.leasedStep(row.facts.id)?.isBlocked === false) this.#makeDue(row)
          return true
        }),
      release: () => during('release', () => this.#makeDue(row)),
      messages: () => during('messages', () => [...row.inbox]),
      confirm: () => undefined,
      onMessage: (listener) => (row.onMessage = listener),
    }
  }
}

/** Returns a row with the given fields, which no node holds. */
function newRow(row: Pick<Row, 'facts' | 'header' | 'createdAt' | 'status'> & Partial<Row>): Row {
  return {
    entries: [],
    isAttached: false,
    epoch: 0,
    holder: undefined,
    isDue: false,
    timer: undefined,
    inbox: [],
    parkedFor: undefined,
    onMessage: undefined,
    callback: row.facts.callback,
    approvals: new MemoryApprovals(),
    serving: undefined,
    ...row,
  }
}

function approvalOf({ facts }: Row, approval: MemoryApproval): StoredApproval {
  return { ...approval, executionId: facts.id, owner: facts.owner, label: facts.label }
}

function storedOf(row: Row): StoredExecution {
  const { callback } = row
  const facts = { ...row.facts, ...(callback !== undefined && { callback }) }
  const { isAttached, status, createdAt, startedAt, finishedAt, error } = row
  return {
    facts,
    isAttached,
    status,
    createdAt,
    expiresAt: createdAt + facts.expiresAfterMs,
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(error !== undefined && { error }),
  }
}
