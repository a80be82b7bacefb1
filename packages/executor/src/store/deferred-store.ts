import { RequestError, type Callback, type Journal, type Notification, type NotificationList } from '@codemode/shared'

import type { CountBounds, CountOptions, ExecutionGroups, ExecutionPage, ListOptions } from './execution-list.ts'
import type {
  AnswerMessage,
  Created,
  EndedExecution,
  ExecutionStore,
  InboxMessage,
  NewExecution,
  Promotion,
  StoredExecution,
  Worker,
  Working,
} from './execution-store.ts'
import type { ApprovalListOptions, ApprovalPage, Decided, NewDecision } from './stored-approval.ts'
import { deferredSessions } from './deferred-sessions.ts'
import type { SessionStore } from './session-store.ts'
import type { NotificationListOptions } from './stored-notification.ts'

interface DeferredStoreOptions {
  /** Starts the store. Rejects if it cannot be reached; it is tried again then. */
  readonly start: () => Promise<ExecutionStore>
  /**
   * Whether the store is started at once. Otherwise it is empty, and the first execution that is to be stored starts it.
   */
  readonly startsAtOnce: boolean
  /** Called with the error of a failed start. */
  readonly onError: (error: unknown) => void
  /** Milliseconds between a failed start and the next one. */
  readonly retryMs?: number
}

type ListenerArgs = Parameters<ExecutionStore['onAppend']>

interface WaitingListener {
  readonly args: ListenerArgs
  stop: () => void
}

/**
 * Store that is started later, or that is not reachable when the executor starts. Requests wait for a start that is under
 * way; after a failed one, they are refused with STORE_UNAVAILABLE until another start succeeds. Attached executions need
 * no store and never wait for it.
 */
export class DeferredStore implements ExecutionStore {
  readonly sessions: SessionStore = deferredSessions({
    ready: async () => (await this.#ready()).sessions,
    readyUnlessEmpty: async () => (this.#isEmpty ? undefined : (await this.#ready()).sessions),
  })
  readonly #options: DeferredStoreOptions
  readonly #workers = new Map<Worker, Working | undefined>()
  /** Listeners that wait for the store. */
  readonly #listeners = new Set<WaitingListener>()
  #store: ExecutionStore | undefined
  #starting: Promise<ExecutionStore> | undefined
  #retry: NodeJS.Timeout | undefined
  #isClosed = false
  /** Whether nothing can be stored, because the store was never started. */
  #isEmpty: boolean

  constructor(options: DeferredStoreOptions) {
    this.#options = options
    this.#isEmpty = !options.startsAtOnce
    if (options.startsAtOnce) this.#start().catch(() => {})
  }

  get isInUse(): boolean {
    return !this.#isEmpty
  }

  async create(execution: NewExecution): Promise<Created> {
    return (await this.#ready()).create(execution)
  }

  async record(executions: readonly EndedExecution[]): Promise<void> {
    await (await this.#ready()).record(executions)
  }

  async find(tenant: string, id: string): Promise<StoredExecution | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).find(tenant, id)
  }

  async list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    return this.#isEmpty ? { items: [], nextCursor: null } : (await this.#ready()).list(tenant, options)
  }

  async count(tenant: string, options: CountOptions, bounds: CountBounds): Promise<ExecutionGroups> {
    return this.#isEmpty ? { groups: [] } : (await this.#ready()).count(tenant, options, bounds)
  }

  async read(tenant: string, id: string, after: number): Promise<Journal | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).read(tenant, id, after)
  }

  async countEntries(tenant: string, id: string): Promise<number> {
    return this.#isEmpty ? 0 : (await this.#ready()).countEntries(tenant, id)
  }

  async countParked(): Promise<ReadonlyMap<string, number>> {
    return this.#isEmpty ? new Map() : (await this.#ready()).countParked()
  }

  async findRuntime(hash: string): Promise<string | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).findRuntime(hash)
  }

  async post(tenant: string, id: string, message: InboxMessage): Promise<boolean> {
    return this.#isEmpty ? false : (await this.#ready()).post(tenant, id, message)
  }

  async answer(tenant: string, id: string, message: AnswerMessage, entries: number) {
    return this.#isEmpty ? 'late' : (await this.#ready()).answer(tenant, id, message, entries)
  }

  async promote(promotion: Promotion): Promise<boolean> {
    return (await this.#ready()).promote(promotion)
  }

  async decide(tenant: string, id: string, decision: NewDecision): Promise<Decided | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).decide(tenant, id, decision)
  }

  async listApprovals(tenant: string, options: ApprovalListOptions): Promise<ApprovalPage> {
    return this.#isEmpty ? { items: [], nextCursor: null } : (await this.#ready()).listApprovals(tenant, options)
  }

  async setCallback(tenant: string, id: string, callback: Callback) {
    return this.#isEmpty ? 'ended' : (await this.#ready()).setCallback(tenant, id, callback)
  }

  async serve(tenant: string, id: string, reader: string, ms: number): Promise<boolean> {
    return this.#isEmpty ? false : (await this.#ready()).serve(tenant, id, reader, ms)
  }

  async stopServing(tenant: string, id: string, reader: string): Promise<void> {
    if (!this.#isEmpty) await (await this.#ready()).stopServing(tenant, id, reader)
  }

  async listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList> {
    return this.#isEmpty ? { items: [], nextCursor: null } : (await this.#ready()).listNotifications(tenant, options)
  }

  async resendNotification(tenant: string, id: string): Promise<Notification | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).resendNotification(tenant, id)
  }

  onAppend(...args: ListenerArgs): () => void {
    if (this.#store !== undefined) return this.#store.onAppend(...args)
    const waiting: WaitingListener = { args, stop: () => void this.#listeners.delete(waiting) }
    this.#listeners.add(waiting)
    return () => waiting.stop()
  }

  work(worker: Worker): Working {
    this.#workers.set(worker, this.#store?.work(worker))
    return {
      wake: () => this.#workers.get(worker)?.wake(),
      stop: async () => {
        const working = this.#workers.get(worker)
        this.#workers.delete(worker)
        await working?.stop()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    const store = this.#store ?? (await this.#starting?.catch(() => undefined))
    await store?.[Symbol.asyncDispose]()
  }

  #ready(): Promise<ExecutionStore> {
    if (this.#store !== undefined) return Promise.resolve(this.#store)
    if (this.#starting === undefined && (this.#retry !== undefined || this.#isClosed))
      return Promise.reject(unavailable())
    return this.#start()
  }

  #start(): Promise<ExecutionStore> {
    this.#isEmpty = false
    this.#starting ??= this.#startOnce().finally(() => (this.#starting = undefined))
    return this.#starting
  }

  async #startOnce(): Promise<ExecutionStore> {
    const { start, onError, retryMs = 1_000 } = this.#options
    try {
      const store = await start()
      this.#store = store
      for (const waiting of this.#listeners) waiting.stop = store.onAppend(...waiting.args)
      this.#listeners.clear()
      for (const worker of this.#workers.keys()) this.#workers.set(worker, store.work(worker))
      return store
    } catch (error) {
      onError(error)
      if (!this.#isClosed) this.#retry = setTimeout(() => this.#startAgain(), retryMs)
      throw unavailable()
    }
  }

  #startAgain(): void {
    this.#retry = undefined
    this.#start().catch(() => {})
  }
}

function unavailable(): RequestError {
  return new RequestError('STORE_UNAVAILABLE', 'The store of detached executions is not available.', {
    retryAfterSeconds: 1,
    suggestion: 'Try again later; the log of the executor says why.',
  })
}
