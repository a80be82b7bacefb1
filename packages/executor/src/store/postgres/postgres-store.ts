import type { Journal, Notification, NotificationList } from '@codemode/shared'

import type {
  Created,
  ExecutionPage,
  ExecutionStore,
  InboxMessage,
  ListOptions,
  NewExecution,
  NotificationListOptions,
  SendNotification,
  StoredExecution,
  Worker,
  Working,
} from '../execution-store.ts'
import { Batcher } from './batcher.ts'
import { commitGroup, type Commit } from './commit-group.ts'
import { openPool } from './connection-pool.ts'
import { createExecutions } from './create-executions.ts'
import { createDatabase, type Database } from './database.ts'
import { GroupCommitter } from './group-committer.ts'
import { postMessage } from './inbox.ts'
import { deleteOld, wakeExpired } from './maintenance.ts'
import { startJobs, type JobServer } from './job-server.ts'
import { migrateStore } from './migrate.ts'
import { listNotifications } from './list-notifications.ts'
import { markDead, resendNotification } from './notification-rows.ts'
import { NotificationWorker } from './notification-worker.ts'
import { messageTopic, notificationTopic, Topics, topicOf, workTopic } from './topics.ts'
import { Pump } from './pump.ts'
import { findExecution, listExecutions, readJournal } from './read-executions.ts'
import { RepeatingTask } from './repeating-task.ts'
import { isContention, isUnavailable } from './store-errors.ts'

const maintenanceIntervalMs = 5_000
/** Maximum number of executions that are stored in one transaction. */
const maxCreations = 32

/** Options of a store in PostgreSQL. */
export interface PostgresStoreOptions {
  /** URL of the database, `postgres://…`. */
  readonly url: string
  /** Maximum number of connections, besides three for job queues and topics; 10 by default. */
  readonly maxConnections?: number
  /** Milliseconds for a connection; 3,000 by default. */
  readonly connectTimeoutMs?: number
  /** Milliseconds for a statement; 5,000 by default. */
  readonly statementTimeoutMs?: number
  /** Maximum number of detached executions of one tenant that run at the same time, on all nodes; 1,000 by default. */
  readonly maxRunningPerTenant?: number
  /** Milliseconds for which finished executions are kept; 7 days by default. */
  readonly retainMs?: number
  /** Sends notifications to their receivers. Without it, this node delivers none. */
  readonly sendNotification?: SendNotification
  /** Called with the ids of notifications that are not sent again by themselves. */
  readonly onDeadNotification?: (ids: readonly string[]) => void
  /** Called with failures of work in the background, which is done again later. */
  readonly onError: (error: unknown) => void
}

type Resolved = PostgresStoreOptions & Required<Omit<PostgresStoreOptions, 'sendNotification' | 'onDeadNotification'>>

const defaults = {
  maxConnections: 10,
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 5_000,
  maxRunningPerTenant: 1_000,
  retainMs: 7 * 86_400_000,
}

/** Store of detached executions in PostgreSQL, which several nodes share. */
export class PostgresStore implements ExecutionStore {
  readonly #options: Resolved
  readonly #db: Database
  readonly #jobs: JobServer
  readonly #creating: Batcher<NewExecution, Created>
  readonly #committer: GroupCommitter
  readonly #topics: Topics
  readonly #maintenance: RepeatingTask
  readonly #notificationWorker: NotificationWorker | undefined
  readonly #pumps = new Set<Pump>()
  readonly #listeners = new Map<string, Set<() => void>>()

  private constructor(options: Resolved, db: Database, jobs: JobServer) {
    this.#options = options
    this.#db = db
    this.#jobs = jobs
    this.#creating = new Batcher({
      maxItems: maxCreations,
      run: (executions) => createExecutions(db, jobs.wakeUps, executions),
      isOfOneItem: (error) => isContention(error) || !isUnavailable(error),
    })
    this.#committer = new GroupCommitter({
      commitGroup: (group) => commitGroup(db, jobs, group),
      onCommitted: (commits) => this.#notifyCommitted(commits),
    })
    this.#topics = new Topics({
      connection: options,
      onTopic: (topic) => this.#onTopic(topic),
      onMissed: () => this.#onMissed(),
    })
    const { sendNotification: send, onError } = options
    if (send) this.#notificationWorker = new NotificationWorker({ db, queue: jobs.notifications, send, onError })
    this.#maintenance = new RepeatingTask({
      intervalMs: maintenanceIntervalMs,
      task: () => this.#maintain(),
      onError: options.onError,
    })
  }

  /** Migrates the database and connects to it. Rejects with STORE_UNAVAILABLE if it does not answer in time. */
  static async start(options: PostgresStoreOptions): Promise<PostgresStore> {
    const resolved: Resolved = { ...defaults, ...options }
    await migrateStore(resolved)
    const jobs = await startJobs(resolved, resolved.onError)
    return new PostgresStore(resolved, createDatabase(openPool(resolved)), jobs)
  }

  async create(execution: NewExecution): Promise<Created> {
    const created = await this.#creating.run(execution)
    if (created.type === 'created') this.#topics.send([workTopic])
    return created
  }

  find(tenant: string, id: string): Promise<StoredExecution | undefined> {
    return findExecution(this.#db, tenant, id)
  }

  list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    return listExecutions(this.#db, tenant, options)
  }

  read(tenant: string, id: string, after: number): Promise<Journal | undefined> {
    return readJournal(this.#db, { tenant, id, after })
  }

  async post(tenant: string, id: string, message: InboxMessage): Promise<boolean> {
    const isPosted = await postMessage(this.#db, this.#jobs.wakeUps, { tenant, id, message })
    if (isPosted) this.#topics.send([messageTopic(topicOf(tenant, id)), workTopic])
    return isPosted
  }

  listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList> {
    return listNotifications(this.#db, tenant, options)
  }

  async resendNotification(tenant: string, id: string): Promise<Notification | undefined> {
    const notification = await resendNotification(this.#db, this.#jobs.notifications, { tenant, id })
    if (notification !== undefined) this.#topics.send([notificationTopic])
    return notification
  }

  onAppend(tenant: string, id: string, listener: () => void): () => void {
    const topic = topicOf(tenant, id)
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic)
    }
  }

  work(worker: Worker): Working {
    const { maxRunningPerTenant, onError } = this.#options
    const pump = new Pump({
      db: this.#db,
      wakeUps: this.#jobs.wakeUps,
      committer: this.#committer,
      worker,
      maxRunningPerTenant,
      onError,
    })
    this.#pumps.add(pump)
    return {
      wake: () => pump.wake(),
      stop: async () => {
        await pump.stop()
        this.#pumps.delete(pump)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pumps].map((pump) => pump.stop()))
    await this.#notificationWorker?.stop()
    await this.#maintenance.stop()
    this.#topics.close()
    await this.#jobs.stop()
    await this.#db.destroy()
  }

  #notifyCommitted(commits: readonly Commit[]): void {
    const topics = new Set(commits.map(({ topic }) => topic))
    if (commits.some(({ ending }) => ending?.type === 'release')) topics.add(workTopic)
    if (commits.some(({ notifications = [] }) => notifications.length > 0)) topics.add(notificationTopic)
    if (topics.size > 0) this.#topics.send(topics)
  }

  #onTopic(topic: string): void {
    if (topic === notificationTopic) this.#notificationWorker?.wake()
    for (const pump of this.#pumps) {
      if (topic === workTopic) pump.wake()
      else pump.onTopic(topic)
    }
    for (const listener of this.#listeners.get(topic) ?? []) listener()
  }

  #onMissed(): void {
    for (const pump of this.#pumps) pump.onMissed()
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener()
  }

  async #maintain(): Promise<void> {
    if ((await wakeExpired(this.#db, this.#jobs.wakeUps)) > 0) this.#topics.send([workTopic])
    await this.#jobs.wakeUps.recoverDeadLetters(this.#db)
    await this.#jobs.notifications.takeDead(async (numbers) => {
      const ids = await markDead(this.#db, numbers)
      if (ids.length > 0) this.#options.onDeadNotification?.(ids)
    })
    await deleteOld(this.#db, this.#options.retainMs)
  }
}
