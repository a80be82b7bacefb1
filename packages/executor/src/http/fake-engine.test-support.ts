// An engine that runs nothing: a test decides when an execution is admitted, what happens in it, and how it ends.
import {
  newExecutionId,
  RequestError,
  type ExecutionCounts,
  type ExecutionEvent,
  type ExecutionRecord,
  type ExecutionResult,
  type Journal,
  type Notification,
  type NotificationList,
  type ReplayVerdict,
  type ToolResponse,
} from '@codemode/shared'

import type { CountOptions } from '../store/execution-list.ts'
import { AllSessions } from '../engine/session/all-sessions.ts'
import { AttachedSessions } from '../engine/session/attached-sessions.ts'
import type { DetachedHandle, Engine, EventText, RetrySubmission, Submission } from '../engine/engine.ts'

const at = '2026-01-01T00:00:00.000Z'

/** Returns a `started` event with the given id. */
export function startedEvent(id: number): ExecutionEvent {
  return { type: 'started', id: String(id), at, executionId: 'exe_1', correlationId: 'cor_1' }
}

/** An execution that a test controls. */
export class FakeExecution implements DetachedHandle {
  readonly status = 'queued'
  readonly isAccepted = false
  isPromoted = false
  readonly id: string
  readonly correlationId = 'cor_of_the_execution'
  readonly owner: string
  readonly #admitted = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<void>()
  #result: ExecutionResult | undefined
  readonly #events: (ExecutionEvent | Error)[] = []
  #wake = Promise.withResolvers<void>()
  #ended = false
  readers = 0
  detachCalls = 0
  taken = 0
  /** JSON text that replaces that of every event. */
  rawJson: string | undefined
  gone: RequestError | undefined
  eventsAfter: string | undefined
  cancelReason: string | undefined
  answered: [string, ToolResponse][] = []
  openCalls = new Set<string>()
  /** Open calls that wait for approvals. */
  pausedCalls = new Set<string>()

  constructor(id: string, owner: string) {
    this.id = id
    this.owner = owner
    this.#admitted.promise.catch(() => {})
  }

  get admitted() {
    return this.#admitted.promise
  }
  get finished() {
    return this.#finished.promise
  }

  admit(): this {
    this.#admitted.resolve()
    return this
  }

  refuse(error: Error): this {
    this.#admitted.reject(error)
    return this
  }

  emit(...events: (ExecutionEvent | Error)[]): this {
    this.#events.push(...events)
    this.#signal()
    return this
  }

  finish(result?: ExecutionResult): this {
    this.#result = result
    this.#finished.resolve()
    this.#ended = true
    this.#signal()
    return this
  }

  result(): string {
    return JSON.stringify(this.#result ?? { success: true, result: 4, ...this.#facts() })
  }

  events({ after, signal }: { after?: string; signal: AbortSignal }): AsyncIterable<EventText> {
    this.eventsAfter = after
    signal.addEventListener('abort', () => this.#signal())
    return this.#read(signal)
  }

  async *#read(signal: AbortSignal) {
    if (this.gone !== undefined) throw this.gone
    for (let next = 0; !signal.aborted;) {
      const event = this.#events[next]
      if (event instanceof Error) throw event
      if (event !== undefined) {
        next += 1
        this.taken = next
        yield { id: event.id, type: event.type, json: this.rawJson ?? JSON.stringify(event) }
      } else if (this.#ended) return
      else await this.#wake.promise
    }
  }

  #signal() {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  attachReader() {
    this.readers += 1
    return () => {
      this.readers -= 1
      this.detachCalls += 1
    }
  }

  cancel(reason?: string) {
    this.cancelReason = reason ?? 'no reason'
  }

  answerCall(callId: string, answer: ToolResponse) {
    if (this.pausedCalls.has(callId)) throw new RequestError('APPROVAL_CONFLICT', 'The call waits for an approval')
    if (!this.openCalls.delete(callId)) return false
    this.answered.push([callId, answer])
    return true
  }

  countEntries(): number {
    return this.entries.length
  }

  record(): string {
    const record: ExecutionRecord = {
      status: this.#ended ? 'completed' : 'running',
      createdAt: at,
      ...this.#facts(),
    }
    return JSON.stringify(record)
  }

  entries: Journal['entries'] = []

  journal(after = 0): Journal {
    return { header: { executionId: this.id } as Journal['header'], entries: this.entries.slice(after) }
  }

  #facts() {
    return {
      executionId: this.id,
      correlationId: this.correlationId,
      logs: [],
      logsDropped: { entries: 0, bytes: 0 },
      toolCalls: [],
      warnings: [],
      usage: { cpuMs: 1, wallMs: 1, queueMs: 0, waitMs: 0, turns: 1, replays: 0 },
    }
  }
}

/** An engine whose executions `onSubmit` controls; by default, each is admitted and finished at once. */
export class FakeEngine implements Engine {
  readiness: Engine['readiness'] = 'ready'
  readonly sessions = new AllSessions(new AttachedSessions({ now: () => Date.parse(at) }), undefined)
  readonly submissions: Submission[] = []
  readonly executions = new Map<string, FakeExecution>()
  onSubmit: (execution: FakeExecution, submission: Submission) => void = (execution) => execution.admit().finish()

  submit(submission: Submission): FakeExecution {
    this.submissions.push(submission)
    const execution = this.add(submission.principal.tenant, submission.request.id, submission.principal.owner)
    this.onSubmit(execution, submission)
    return execution
  }

  async submitDetached(submission: Submission): Promise<FakeExecution> {
    return this.submit(submission)
  }

  async retry(id: string, { principal }: RetrySubmission): Promise<FakeExecution> {
    this.find(principal.tenant, id)
    return this.add(principal.tenant)
  }

  async replay(): Promise<ReplayVerdict> {
    return { verdict: 'same', turns: 1 }
  }

  async wake(tenant: string, id: string): Promise<FakeExecution> {
    return this.find(tenant, id)
  }

  async list() {
    return { items: [], nextCursor: null }
  }

  async count(_tenant: string, _options: CountOptions): Promise<ExecutionCounts> {
    return { buckets: [], errors: [] }
  }

  async decide(): Promise<string> {
    return '{}'
  }

  async listApprovals() {
    return { items: [], nextCursor: null }
  }

  async setCallback() {}

  async listNotifications(): Promise<NotificationList> {
    return { items: [], nextCursor: null }
  }

  async resendNotification(): Promise<Notification> {
    throw new RequestError('NOT_FOUND', 'There is no notification with this id.')
  }

  add(tenant: string, id = newExecutionId(), owner = `owner of ${tenant}`): FakeExecution {
    const execution = new FakeExecution(id, owner)
    this.executions.set(`${tenant} ${id}`, execution)
    return execution
  }

  find(tenant: string, id: string): FakeExecution {
    const execution = this.executions.get(`${tenant} ${id}`)
    if (execution === undefined) throw new RequestError('NOT_FOUND', 'There is no execution with this id.')
    return execution
  }

  reading() {
    return { instance: '0'.repeat(32), clockMs: 1 }
  }

  load() {
    return {
      queued: 0,
      oldestQueuedMs: 0,
      inFlight: { attached: 0, detached: 0 },
      waiting: { tool: 0, timer: 0, approval: 0, deferred: 0 },
    }
  }

  async close() {}
}
