import { RequestError, type Journal, type Notification, type NotificationList } from '@codemode/shared'

import type {
  Created,
  ExecutionPage,
  ExecutionStore,
  InboxMessage,
  ListOptions,
  NewExecution,
  NotificationListOptions,
  StoredExecution,
  Worker,
  Working,
} from './execution-store.ts'

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

/**
 * Store that is started later, or that is not reachable when the executor starts. Requests wait for a start that is under
 * way; after a failed one, they are refused with STORE_UNAVAILABLE until another start succeeds. Attached executions need
 * no store and never wait for it.
 */
export class DeferredStore implements ExecutionStore {
  readonly #options: DeferredStoreOptions
  readonly #workers = new Map<Worker, Working | undefined>()
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

  async create(execution: NewExecution): Promise<Created> {
    return (await this.#ready()).create(execution)
  }

  async find(tenant: string, id: string): Promise<StoredExecution | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).find(tenant, id)
  }

  async list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    return this.#isEmpty ? { items: [], nextCursor: null } : (await this.#ready()).list(tenant, options)
  }

  async read(tenant: string, id: string, after: number): Promise<Journal | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).read(tenant, id, after)
  }

  async post(tenant: string, id: string, message: InboxMessage): Promise<boolean> {
    return this.#isEmpty ? false : (await this.#ready()).post(tenant, id, message)
  }

  async listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList> {
    return this.#isEmpty ? { items: [], nextCursor: null } : (await this.#ready()).listNotifications(tenant, options)
  }

  async resendNotification(tenant: string, id: string): Promise<Notification | undefined> {
    return this.#isEmpty ? undefined : (await this.#ready()).resendNotification(tenant, id)
  }

  onAppend(tenant: string, id: string, listener: () => void): () => void {
    // Without a store nothing is appended. A reader also polls, because notifications can be lost.
    return this.#store?.onAppend(tenant, id, listener) ?? (() => {})
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
