import type { Callback, Journal } from '@codemode/shared'

import type {
  AnswerMessage,
  ApprovalListOptions,
  ApprovalPage,
  Created,
  Decided,
  ExecutionPage,
  ExecutionStore,
  InboxMessage,
  ListOptions,
  NewDecision,
  NewExecution,
  Promotion,
  StoredExecution,
  Worker,
  Working,
} from '../execution-store.ts'
import { decideApproval, listApprovals } from './approvals.ts'
import { Batcher } from './batcher.ts'
import { commitGroup, type Commit } from './commit-group.ts'
import { openPool } from './connection-pool.ts'
import { createExecutions } from './create-executions.ts'
import { createDatabase, type Database } from './database.ts'
import { GroupCommitter } from './group-committer.ts'
import { postAnswer, postMessage } from './inbox.ts'
import { deleteOld, wakeExpired } from './maintenance.ts'
import { migrateStore } from './migrate.ts'
import { messageTopic, Notifications, topicOf, workTopic } from './notifications.ts'
import { promoteExecution } from './promote-execution.ts'
import { Pump } from './pump.ts'
import { findExecution, listExecutions, readJournal } from './read-executions.ts'
import { replaceCallback } from './replace-callback.ts'
import { RepeatingTask } from './repeating-task.ts'
import { serveCalls, stopServingCalls } from './serving.ts'
import { isContention, isUnavailable } from './store-errors.ts'
import { WakeUps } from './wake-ups.ts'

const maintenanceIntervalMs = 5_000
/** Maximum number of executions that are stored in one transaction. */
const maxCreations = 32

/** Options of a store in PostgreSQL. */
export interface PostgresStoreOptions {
  /** URL of the database, `postgres://…`. */
  readonly url: string
  /** Maximum number of connections, besides three for wake-ups and notifications; 10 by default. */
  readonly maxConnections?: number
  /** Milliseconds for a connection; 3,000 by default. */
  readonly connectTimeoutMs?: number
  /** Milliseconds for a statement; 5,000 by default. */
  readonly statementTimeoutMs?: number
  /** Maximum number of detached executions of one tenant that run at the same time, on all nodes; 1,000 by default. */
  readonly maxRunningPerTenant?: number
  /** Milliseconds for which finished executions are kept; 7 days by default. */
  readonly retainMs?: number
  /** Called with failures of work in the background, which is done again later. */
  readonly onError: (error: unknown) => void
}

type Resolved = Required<PostgresStoreOptions>

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
  readonly #wakeUps: WakeUps
  readonly #creating: Batcher<NewExecution, Created>
  readonly #committer: GroupCommitter
  readonly #notifications: Notifications
  readonly #maintenance: RepeatingTask
  readonly #pumps = new Set<Pump>()
  readonly #listeners = new Map<string, Set<() => void>>()

  private constructor(options: Resolved, db: Database, wakeUps: WakeUps) {
    this.#options = options
    this.#db = db
    this.#wakeUps = wakeUps
    this.#creating = new Batcher({
      maxItems: maxCreations,
      run: (executions) => createExecutions(db, wakeUps, executions),
      isOfOneItem: (error) => isContention(error) || !isUnavailable(error),
    })
    this.#committer = new GroupCommitter({
      commitGroup: (group) => commitGroup(db, wakeUps, group),
      onCommitted: (commits) => this.#notifyCommitted(commits),
    })
    this.#notifications = new Notifications({
      connection: options,
      onTopic: (topic) => this.#onTopic(topic),
      onMissed: () => this.#onMissed(),
    })
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
    const wakeUps = await WakeUps.start(resolved, resolved.onError)
    return new PostgresStore(resolved, createDatabase(openPool(resolved)), wakeUps)
  }

  async create(execution: NewExecution): Promise<Created> {
    const created = await this.#creating.run(execution)
    if (created.type === 'created') this.#notifications.send([workTopic])
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
    const isPosted = await postMessage(this.#db, this.#wakeUps, { tenant, id, message })
    if (isPosted) this.#notifyMessage(tenant, id)
    return isPosted
  }

  async answer(tenant: string, id: string, message: AnswerMessage, entries: number) {
    const outcome = await postAnswer(this.#db, this.#wakeUps, { tenant, id, message, entries })
    if (outcome === 'accepted') this.#notifyMessage(tenant, id)
    return outcome
  }

  promote(promotion: Promotion): Promise<boolean> {
    return promoteExecution(this.#db, this.#wakeUps, promotion)
  }

  async decide(tenant: string, id: string, decision: NewDecision): Promise<Decided | undefined> {
    const decided = await decideApproval(this.#db, this.#wakeUps, { tenant, id, decision })
    if (decided?.type === 'decided') this.#notifyMessage(tenant, id)
    return decided
  }

  listApprovals(tenant: string, options: ApprovalListOptions): Promise<ApprovalPage> {
    return listApprovals(this.#db, tenant, options)
  }

  async setCallback(tenant: string, id: string, callback: Callback): Promise<boolean> {
    const isSet = await replaceCallback(this.#db, this.#wakeUps, { tenant, id, callback })
    if (isSet) this.#notifyMessage(tenant, id)
    return isSet
  }

  serve(tenant: string, id: string, reader: string, ms: number): Promise<boolean> {
    return serveCalls(this.#db, { tenant, id, reader }, ms)
  }

  stopServing(tenant: string, id: string, reader: string): Promise<void> {
    return stopServingCalls(this.#db, { tenant, id, reader })
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
      wakeUps: this.#wakeUps,
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
    await this.#maintenance.stop()
    this.#notifications.close()
    await this.#wakeUps.stop()
    await this.#db.destroy()
  }

  #notifyMessage(tenant: string, id: string): void {
    this.#notifications.send([messageTopic(topicOf(tenant, id)), workTopic])
  }

  #notifyCommitted(commits: readonly Commit[]): void {
    const topics = new Set(commits.map(({ topic }) => topic))
    if (commits.some(({ ending }) => ending?.type === 'release')) topics.add(workTopic)
    if (topics.size > 0) this.#notifications.send(topics)
  }

  #onTopic(topic: string): void {
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
    if ((await wakeExpired(this.#db, this.#wakeUps)) > 0) this.#notifications.send([workTopic])
    await this.#wakeUps.recoverDeadLetters(this.#db)
    await deleteOld(this.#db, this.#options.retainMs)
  }
}
