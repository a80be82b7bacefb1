import type { Callback, Journal, Notification, NotificationList } from '@codemode/shared'

import type { EncryptionKey } from '../../encryption-keys.ts'
import type { CountBounds, CountOptions, ExecutionGroups, ExecutionPage, ListOptions } from '../execution-list.ts'
import type {
  AnswerMessage,
  Created,
  EndedExecution,
  ExecutionStore,
  InboxMessage,
  NewExecution,
  Promotion,
  StoredExecution,
  StoredRuntime,
  Worker,
  Working,
} from '../execution-store.ts'
import type { ApprovalListOptions, ApprovalPage, Decided, NewDecision } from '../stored-approval.ts'
import type { NotificationListOptions, SendNotification } from '../stored-notification.ts'
import { decideApproval, listApprovals } from './approvals.ts'
import { Batcher } from './batcher.ts'
import { commitGroup, type Commit } from './commit-group.ts'
import { openPool } from './connection-pool.ts'
import { countParked } from './count-parked.ts'
import { createExecutions } from './create-executions.ts'
import { createDatabase } from './database.ts'
import { executionOf, type FoundRow } from './execution-row.ts'
import { GroupCommitter } from './group-committer.ts'
import { findRuntime, saveRuntime } from './guest-runtimes.ts'
import { postMessage } from './inbox.ts'
import { startJobs, type JobServer } from './job-server.ts'
import { countExecutions, listExecutions } from './list-executions.ts'
import { listNotifications } from './list-notifications.ts'
import { migrateStore } from './migrate.ts'
import { resendNotification } from './notification-rows.ts'
import { NotificationWorker } from './notification-worker.ts'
import { Payloads } from './payload.ts'
import { postAnswer } from './post-answer.ts'
import { promoteExecution } from './promote-execution.ts'
import { Pump } from './pump.ts'
import { batchedFinds, type ExecutionIds } from './read-executions.ts'
import { countEntries, JournalReader } from './read-journal.ts'
import { recordExecutions } from './record-executions.ts'
import { replaceCallback } from './replace-callback.ts'
import { PostgresSessions } from './sessions/postgres-sessions.ts'
import { serveCalls, stopServingCalls } from './serving.ts'
import { isContention, isUnavailable } from './store-errors.ts'
import { StoreMaintenance } from './store-maintenance.ts'
import type { StoreParts } from './store-parts.ts'
import { messageTopic, notificationTopic, Topics, topicOf, workTopic } from './topics.ts'

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
  /** Guest runtime of this node, which is stored for nodes with another one. */
  readonly runtime?: StoredRuntime
  /** Keys of the encryption at rest; none by default. */
  readonly encryptionKeys?: readonly EncryptionKey[]
  /** Sends notifications to their receivers. Without it, this node delivers none. */
  readonly sendNotification?: SendNotification
  /** Called with the ids of notifications that are not sent again by themselves. */
  readonly onDeadNotification?: (ids: readonly string[]) => void
  /** Called with failures of work in the background, which is done again later. */
  readonly onError: (error: unknown) => void
}

type AppendListener = Parameters<ExecutionStore['onAppend']>[2]

type OptionalOptions = 'runtime' | 'sendNotification' | 'onDeadNotification'

type Resolved = PostgresStoreOptions & Required<Omit<PostgresStoreOptions, OptionalOptions>>

const defaults = {
  maxConnections: 10,
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 5_000,
  maxRunningPerTenant: 1_000,
  retainMs: 7 * 86_400_000,
  encryptionKeys: [],
}

/** Store of detached executions in PostgreSQL, which several nodes share. */
export class PostgresStore implements ExecutionStore {
  readonly isInUse = true
  readonly sessions: PostgresSessions
  readonly #options: Resolved
  readonly #parts: StoreParts
  readonly #jobs: JobServer
  readonly #creating: Batcher<NewExecution, Created>
  readonly #finding: Batcher<ExecutionIds, FoundRow | undefined>
  readonly #journals: JournalReader
  readonly #committer: GroupCommitter
  readonly #topics: Topics
  readonly #maintenance: StoreMaintenance
  readonly #notificationWorker: NotificationWorker | undefined
  readonly #pumps = new Set<Pump>()
  readonly #listeners = new Map<string, Set<AppendListener>>()

  private constructor(options: Resolved, parts: StoreParts, jobs: JobServer) {
    this.#options = options
    this.#parts = parts
    this.#jobs = jobs
    this.#creating = new Batcher({
      maxItems: maxCreations,
      run: (executions) => this.#create(executions),
      isOfOneItem: (error) => isContention(error) || !isUnavailable(error),
    })
    this.#finding = batchedFinds(parts.db)
    this.#journals = new JournalReader(parts)
    this.#committer = new GroupCommitter({
      commitGroup: (group) => commitGroup(parts.db, parts, group),
      onCommitted: (commits) => this.#notifyCommitted(commits),
    })
    this.#topics = new Topics({
      connection: options,
      onTopic: (topic) => this.#onTopic(topic),
      onMissed: () => this.#onMissed(),
    })
    this.sessions = new PostgresSessions({
      parts,
      onWork: () => this.#topics.send([workTopic]),
      onMessage: ({ tenant, id }) => this.#notifyMessage(tenant, id),
    })
    const { sendNotification: send, onError } = options
    if (send !== undefined) this.#notificationWorker = new NotificationWorker({ parts, send, onError })
    this.#maintenance = new StoreMaintenance({ ...options, parts, onWork: () => this.#topics.send([workTopic]) })
  }

  /** Migrates the database and connects to it. Rejects with STORE_UNAVAILABLE if it does not answer in time. */
  static async start(options: PostgresStoreOptions): Promise<PostgresStore> {
    const resolved: Resolved = { ...defaults, ...options }
    await migrateStore(resolved)
    const db = createDatabase(openPool(resolved))
    const payloads = new Payloads({ keys: resolved.encryptionKeys, onUnreadable: resolved.onError })
    try {
      if (resolved.runtime !== undefined) await saveRuntime(db, resolved.runtime)
      const jobs = await startJobs(resolved, resolved.onError)
      return new PostgresStore(resolved, { db, payloads, ...jobs }, jobs)
    } catch (error) {
      await db.destroy()
      throw error
    }
  }

  create(execution: NewExecution): Promise<Created> {
    return this.#creating.run(execution)
  }

  record(executions: readonly EndedExecution[]): Promise<void> {
    return recordExecutions(this.#parts, executions)
  }

  async find(tenant: string, id: string): Promise<StoredExecution | undefined> {
    const row = await this.#finding.run({ tenant, id })
    return row && executionOf(row, this.#parts.payloads)
  }

  list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    return listExecutions(this.#parts, tenant, options)
  }

  count(tenant: string, options: CountOptions, bounds: CountBounds): Promise<ExecutionGroups> {
    return countExecutions(this.#parts, tenant, { options, ...bounds })
  }

  read(tenant: string, id: string, after: number): Promise<Journal | undefined> {
    return this.#journals.read({ tenant, id, after })
  }

  countEntries(tenant: string, id: string): Promise<number> {
    return countEntries(this.#parts.db, { tenant, id })
  }

  countParked(): Promise<ReadonlyMap<string, number>> {
    return countParked(this.#parts.db)
  }

  findRuntime(hash: string): Promise<string | undefined> {
    return findRuntime(this.#parts.db, hash)
  }

  async post(tenant: string, id: string, message: InboxMessage): Promise<boolean> {
    const isPosted = await postMessage(this.#parts, { tenant, id, message })
    if (isPosted) this.#notifyMessage(tenant, id)
    return isPosted
  }

  async answer(tenant: string, id: string, message: AnswerMessage, entries: number) {
    const outcome = await postAnswer(this.#parts, { tenant, id, message, entries })
    if (outcome === 'accepted') this.#notifyMessage(tenant, id)
    return outcome
  }

  async promote(promotion: Promotion): Promise<boolean> {
    const isPromoted = await promoteExecution(this.#parts, promotion)
    if (isPromoted && promotion.execution.facts.notify !== undefined) this.#topics.send([notificationTopic])
    return isPromoted
  }

  async decide(tenant: string, id: string, decision: NewDecision): Promise<Decided | undefined> {
    const decided = await decideApproval(this.#parts, { tenant, id, decision })
    if (decided?.type === 'decided') this.#notifyMessage(tenant, id)
    return decided
  }

  listApprovals(tenant: string, options: ApprovalListOptions): Promise<ApprovalPage> {
    return listApprovals(this.#parts, tenant, options)
  }

  async setCallback(tenant: string, id: string, callback: Callback) {
    const outcome = await replaceCallback(this.#parts, { tenant, id, callback })
    if (outcome === 'replaced') this.#notifyMessage(tenant, id)
    return outcome
  }

  serve(tenant: string, id: string, reader: string, ms: number): Promise<boolean> {
    return serveCalls(this.#parts.db, { tenant, id, reader }, ms)
  }

  stopServing(tenant: string, id: string, reader: string): Promise<void> {
    return stopServingCalls(this.#parts.db, { tenant, id, reader })
  }

  listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList> {
    return listNotifications(this.#parts, tenant, options)
  }

  async resendNotification(tenant: string, id: string): Promise<Notification | undefined> {
    const notification = await resendNotification(this.#parts, { tenant, id })
    if (notification !== undefined) this.#topics.send([notificationTopic])
    return notification
  }

  onAppend(tenant: string, id: string, listener: AppendListener): () => void {
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
      parts: this.#parts,
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
    await this.#parts.db.destroy()
  }

  async #create(executions: readonly NewExecution[]): Promise<Created[]> {
    const created = await createExecutions(this.#parts, executions)
    if (created.some(({ type }) => type === 'created')) this.#topics.send([workTopic])
    return created
  }

  #notifyMessage(tenant: string, id: string): void {
    this.#topics.send([messageTopic(topicOf(tenant, id)), workTopic])
  }

  #notifyCommitted(commits: readonly Commit[]): void {
    for (const { topic, position, entries } of commits) {
      for (const listener of this.#listeners.get(topic) ?? []) listener({ position, entries })
    }
    this.#topics.sendToOthers(commits.map(({ topic }) => topic))
    if (commits.some(({ ending, step }) => ending?.type === 'release' || step !== undefined)) {
      this.#topics.send([workTopic])
    }
    if (commits.some(({ notifications = [] }) => notifications.length > 0)) this.#topics.send([notificationTopic])
  }

  #onTopic(topic: string): void {
    if (topic === notificationTopic) this.#notificationWorker?.wake()
    for (const pump of this.#pumps) {
      if (topic === workTopic) pump.look()
      else pump.onTopic(topic)
    }
    for (const listener of this.#listeners.get(topic) ?? []) listener()
  }

  #onMissed(): void {
    for (const pump of this.#pumps) pump.onMissed()
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener()
  }
}
