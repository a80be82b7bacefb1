import {
  isFinal,
  type Approval,
  type ExecutionEvent,
  type ExecutionRecord,
  type ExecutionStatus,
  type Json,
} from '@codemode/shared'

import type { ListApprovalsOptions } from '../approvals/list-approvals.ts'
import { eventsOptionsSchema, parseCallOptions, parseCancelReason, waitOptionsSchema } from './call-options.ts'
import type { EndedExecution, ExecutionResult } from './execution-result.ts'
import type { ExecutionProgress, ExecutionTimes, ReadableState } from './execution-state.ts'
import { delayOf, withWaitTimeout } from './wait-timeout.ts'

/** Options of reading the events of an execution. */
export interface EventsOptions {
  /** Id of the last event that the caller has: the events after it are read. The first event is the first one by default. */
  readonly after?: string | undefined
  /** Signal that ends the reading; the execution goes on. */
  readonly signal?: AbortSignal | undefined
}

/** Data and functions of the client that a handle uses. */
export interface ExecutionParts<T> {
  readonly executionId: string
  readonly correlationId: string
  readonly label: string | undefined
  readonly state: ReadableState
  /** Server of the tool calls of a detached execution, as far as this client knows it. */
  readonly servedBy?: 'callback' | 'resume' | undefined
  /** Waits for the result; the signal aborts when the caller has given up. */
  wait(this: void, signal: AbortSignal): Promise<ExecutionResult<T>>
  cancel(this: void, reason: string | undefined): Promise<void>
  events(this: void, options: EventsOptions): AsyncIterable<ExecutionEvent>
  record(this: void): Promise<ExecutionRecord>
  submitAgain(this: void): Promise<Execution<T>>
  approvals(this: void, options: Omit<ListApprovalsOptions, 'executionId'>): AsyncIterable<Approval>
  setCallback(this: void): Promise<void>
}

/**
 * Handle of an execution that is under way or has ended, attached or detached. Not thenable, so that an async function can
 * return it. The handle of a detached execution holds nothing open until `events` or `wait` is called.
 */
export class Execution<T = Json> {
  /** Id of the execution, the same as at the executor. */
  readonly id: string
  /** Id shared by client, executor, tool calls and logs. */
  readonly correlationId: string
  /** Name of the execution in records and events, if it has one. */
  readonly label: string | undefined
  readonly #parts: ExecutionParts<T>

  /** @internal */
  constructor(parts: ExecutionParts<T>) {
    this.id = parts.executionId
    this.correlationId = parts.correlationId
    this.label = parts.label
    this.#parts = parts
  }

  /**
   * Status as far as this client knows it: `queued` until the request is sent, or a session's step starts, then `running`, `waiting`
   * or `paused`, or final. For a detached execution, that of the last record or event that this handle has read.
   */
  get status(): ExecutionStatus {
    return this.#parts.state.status
  }

  /** Number of tool calls and log entries so far, as far as this client knows them. */
  get progress(): ExecutionProgress {
    return this.#parts.state.progress
  }

  /** Times of the execution by the executor's clock, as far as this client knows them. */
  get times(): ExecutionTimes {
    return this.#parts.state.times
  }

  /**
   * Result of the execution, whether the code succeeded or failed, as far as this client knows it: it has ended, and its
   * request did not fail. For a detached execution, that of the last record or event that this handle has read. Undefined
   * otherwise.
   */
  get result(): EndedExecution<T> | undefined {
    return this.#parts.state.result as EndedExecution<T> | undefined
  }

  /**
   * Returns the events from the first one, or from the one after the given id, to `finished`. They are read from the
   * executor as fast as the caller takes them (back-pressure), and those of a session's step when the executor has accepted the
   * step. When the signal aborts, the iteration rejects with a CancelledError, whose name is `AbortError`.
   *
   * @example
   * import { Codemode } from '@codemode/client'
   *
   * await using codemode = Codemode.fromEnv()
   * const execution = await codemode.getExecution('exe_0197f1c2-0000-7000-8000-000000000000')
   * const signal = AbortSignal.timeout(60_000)
   * for await (const event of execution.events({ after: '3.1', signal })) console.log(event.id, event.type)
   */
  events(options: EventsOptions = {}): AsyncIterable<ExecutionEvent> {
    return this.#parts.events(
      parseCallOptions(eventsOptionsSchema, options, {
        method: 'events()',
        correctCall: 'execution.events({ after: lastEvent.id, signal })',
      }),
    )
  }

  /**
   * Reads the record of the execution: status, times, logs, tool calls and, if it has ended, the result. Rejects with the
   * code `NOT_FOUND` if the executor does not keep it any more.
   */
  record(): Promise<ExecutionRecord> {
    return this.#parts.record()
  }

  /**
   * Resolves with the result, whether the code succeeded or failed; for an attached execution that waits for approvals, with
   * the paused form of it. Waiting for a detached execution goes on while that is paused. Rejects after `timeoutMs`
   * milliseconds, if given, with an ExecutorTimeoutError of the layer `wait`; the execution goes on. Rejects if the request
   * failed; for a detached execution also if the executor can't be reached or the client is closed, and then it can be waited
   * for again.
   */
  async wait(options: { readonly timeoutMs?: number | undefined } = {}): Promise<ExecutionResult<T>> {
    const { id: executionId, correlationId } = this
    const { timeoutMs } = parseCallOptions(waitOptionsSchema, options, {
      method: 'wait()',
      correctCall: 'execution.wait({ timeoutMs: 60_000 })',
    })
    return withWaitTimeout(
      { executionId, correlationId },
      timeoutMs,
      (gaveUp) => this.#parts.wait(gaveUp),
      () => delayOf(executionId, this.status, this.#parts.servedBy),
    )
  }

  /**
   * Returns the approvals of the execution, by default the oldest first: those that wait for a decision with
   * `{ status: 'pending' }`. They are read in pages while they are iterated. An attached execution has none before it is paused.
   */
  approvals(options: Omit<ListApprovalsOptions, 'executionId'> = {}): AsyncIterable<Approval> {
    return this.#parts.approvals(options)
  }

  /**
   * Makes the tool server of this client the callback of the execution, with a new token: for one whose callback was lost, has
   * moved, or was dropped when the execution was paused. Needs `toolServer.url` and `toolServer.secret`.
   */
  setCallback(): Promise<void> {
    return this.#parts.setCallback()
  }

  /** Cancels the code and its tool calls. `wait` then resolves with a failed result with the code `CANCELLED`. */
  async cancel(reason?: string): Promise<void> {
    const text = parseCancelReason(reason)
    if (!isFinal(this.status)) await this.#parts.cancel(text)
  }

  /**
   * Submits the same code with the same options again, under a new execution id. A detached execution is submitted by the
   * executor from its record, so this works in any process.
   */
  retry(): Promise<Execution<T>> {
    return this.#parts.submitAgain()
  }
}
