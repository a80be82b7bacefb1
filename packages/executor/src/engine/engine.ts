import {
  RequestError,
  type ExecutionCounts,
  type ExecutionEvent,
  type ExecutionRequest,
  type ExecutionStatus,
  type InstanceReading,
  type Journal,
  type KnownReading,
  type Callback,
  type Notification,
  type NotificationList,
  type ReplayVerdict,
  type RetryRequest,
  type ToolResponse,
} from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import type { CountOptions, ExecutionPage, ListOptions } from '../store/execution-list.ts'
import type { SessionFacts } from '../store/session-store.ts'
import type { ApprovalListOptions, ApprovalPage } from '../store/stored-approval.ts'
import type { NotificationListOptions } from '../store/stored-notification.ts'
import type { EngineLoad } from './engine-load.ts'
import type { DecisionSubmission } from './approvals.ts'
import type { Principal } from './principal.ts'
import type { Sessions } from './session/session-handle.ts'

/** A valid request, with the facts about its connection that the engine needs. */
export interface Submission {
  readonly request: ExecutionRequest
  /** SHA-256 of the request's body: the same id with the same hash attaches, with another one it is a conflict. */
  readonly bodyHash: string
  readonly principal: Principal
  readonly correlationId: string
  /** Id of the attached session whose next step the execution is; absent for other executions. */
  readonly session?: string
  /** Way in which tool calls are answered: by callback, or through `tool-results` when the request has no callback. */
  readonly transport: 'callback' | 'stream'
  /** Milliseconds for which the client still waits; absent if the client did not state them. */
  readonly remainingMs?: number
  /** Reading that the client had before the first attempt that may have arrived; absent if the client sends none. */
  readonly known?: KnownReading
}

/** An event as it is kept and sent: its JSON text, id and type. */
export interface EventText {
  readonly id: string
  readonly type: ExecutionEvent['type']
  readonly json: string
}

/** Options of a reader of events. */
export interface EventOptions {
  /** Id of the last event that the reader has; all events are read when it is undefined. */
  readonly after?: string
  readonly signal: AbortSignal
  /**
   * Whether the reader serves the tool calls of an execution without a callback. Throws `RequestError` EXECUTION_SERVED
   * while another reader does. The events end when the reader has lost the right to serve.
   */
  readonly isServing?: boolean
}

/**
 * An execution as the HTTP layer sees it. Events, result and record are JSON text: their values are passed on as the guest
 * wrote them, at any depth of nesting, and are not kept parsed.
 */
export interface ExecutionHandle {
  readonly id: string
  readonly correlationId: string
  /** Owner of the key that submitted the execution. Only keys of this owner may answer its tool calls. */
  readonly owner: string
  /** Resolves when admitted; rejects with a `RequestError` when refused or timed out in the queue. */
  readonly admitted: Promise<void>
  /** Whether it can no longer be refused: from its admission on, or because it is a step that waits for earlier ones. */
  readonly isAccepted: boolean
  /** Resolves when the execution has ended, with success or not; never rejects once admitted. */
  readonly finished: Promise<void>
  /**
   * Whether the execution has become a detached one, which waits for approvals. Then `finished` has resolved as well, and
   * `result` returns a `PausedExecution`.
   */
  readonly isPromoted: boolean
  /** Returns the `ExecutionResult` as JSON text. May be called once `finished` has resolved. */
  result(): string | Promise<string>
  /**
   * Returns the events after the given id (all when it is undefined), ending after `finished`. The first step of the
   * iteration throws `RequestError` INVALID_REQUEST, without waiting, when the execution has no event with this id. What is
   * returned must be iterated.
   */
  events(options: EventOptions): AsyncIterable<EventText> | Promise<AsyncIterable<EventText>>
  /**
   * Counts a reader until the returned function is called. An execution whose last reader has been gone for the grace
   * period is cancelled. Throws `RequestError` RATE_LIMITED when there are too many readers.
   */
  attachReader(): () => void
  /** Ends the execution as CANCELLED; has no effect after its end. A detached execution ends later than the call. */
  cancel(reason?: string): void | Promise<void>
  /**
   * Takes the response to a tool call that is sent over the stream, deferred, or waits for a client. Returns false when it
   * is late or repeated, or when no such call is open. Throws `RequestError` APPROVAL_CONFLICT for the answer to a call that
   * waits for an approval.
   */
  answerCall(callId: string, response: ToolResponse): boolean | Promise<boolean>
  /** Returns the `ExecutionRecord` as JSON text. */
  record(): string | Promise<string>
  /** Returns the number of entries of the journal, from which the record is made. */
  countEntries(): number | Promise<number>
  /** Returns the journal without its first `after` entries; with all of them by default. */
  journal(after?: number): Journal | Promise<Journal>
}

/** Detached execution, with the status that the store had when it was read. */
export interface DetachedHandle extends ExecutionHandle {
  readonly status: ExecutionStatus
}

/** Request to run a detached execution again. */
export interface RetrySubmission {
  readonly request: RetryRequest
  readonly principal: Principal
  readonly correlationId: string
}

/** Whether the engine accepts new executions, and if not, why. */
export type Readiness = 'ready' | 'no-sandbox-process' | 'shutting-down'

/**
 * The part of the executor that runs executions. It is independent of HTTP and, through the sandbox's interface, of
 * isolates.
 */
export interface Engine {
  /** Returns a reading of this engine's clock, which began when the engine was created. */
  reading(): InstanceReading
  /** Returns the number of executions on this node, by what they do. */
  load(): EngineLoad
  /** Attaches to the execution with the request's id or queues a new one. Throws `RequestError`. */
  submit(submission: Submission): ExecutionHandle
  /**
   * Stores a detached execution, or the next step of a durable session, or attaches to the execution with the same id.
   * Rejects with `RequestError`, STORE_DISABLED if there is no store.
   */
  submitDetached(submission: Submission, session?: SessionFacts): Promise<DetachedHandle>
  /**
   * Stores a new execution of the same code and values as the one with this id, or of those in the request. Rejects with
   * `RequestError`.
   */
  retry(id: string, retry: RetrySubmission): Promise<DetachedHandle>
  /**
   * Replays the journal of one of the tenant's executions up to now, in a guest of its own, until the signal aborts. Rejects
   * with `RequestError` RATE_LIMITED.
   */
  replay(tenant: string, execution: ExecutionHandle, signal: AbortSignal): Promise<ReplayVerdict>
  /** Tries to continue an execution that needs attention. Rejects with `RequestError`, EXECUTION_ENDED after its end. */
  wake(tenant: string, id: string): Promise<DetachedHandle>
  /**
   * Returns the tenant's execution with this id. Throws `RequestError` NOT_FOUND for an unknown id and for another
   * tenant's execution.
   */
  find(tenant: string, id: string): ExecutionHandle | Promise<ExecutionHandle>
  readonly sessions: Sessions
  /** Decides about an approval, and returns it as JSON text. Rejects with `RequestError`. */
  decide(submission: DecisionSubmission): Promise<string>
  /** Returns a page of the tenant's approvals. Rejects with `RequestError` STORE_DISABLED without a store. */
  listApprovals(tenant: string, options: ApprovalListOptions): Promise<ApprovalPage>
  /** Replaces the callback of a detached execution. Rejects with `RequestError`. */
  setCallback(tenant: string, id: string, callback: Callback): Promise<void>
  /** Returns a page of the tenant's executions in the store, and of the attached ones on this node. */
  list(tenant: string, options: ListOptions): Promise<ExecutionPage>
  /** Counts the same executions by the time of their creation, and their errors. */
  count(tenant: string, options: CountOptions): Promise<ExecutionCounts>
  /**
   * Returns a page of the tenant's notifications that were not delivered. Rejects with `RequestError` STORE_DISABLED without
   * a store.
   */
  listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList>
  /** Sends a notification again that was not delivered. Rejects with `RequestError`, NOT_FOUND if there is none. */
  resendNotification(tenant: string, id: string): Promise<Notification>
  readonly readiness: Readiness
  /** Refuses new executions, waits up to `drainMs` for the others, and cancels those that remain. */
  close(options: { drainMs: number }): Promise<void>
}

/** Returns the refusal of a request by an executor that shuts down. */
export function shuttingDown(): RequestError {
  return new RequestError('SHUTTING_DOWN', 'The executor is shutting down', { retryAfterSeconds: 1 })
}

/** Returns the answer to a request about an execution that does not exist, or that belongs to another tenant. */
export function notFound(id: string): RequestError {
  return new RequestError('NOT_FOUND', `There is no execution ${textHead(id, 64)}`)
}
