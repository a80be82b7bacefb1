import { isFinal, maxTimerMs, type ExecutionEvent, type ExecutionStatus, type Json } from '@codemode/shared'

import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import type { ExecutionResult } from './execution-result.ts'
import type { ExecutionProgress, ExecutionState } from './execution-state.ts'

/** Data and functions of the client that a handle uses. */
export interface ExecutionParts<T> {
  readonly executionId: string
  readonly correlationId: string
  readonly state: ExecutionState
  readonly result: Promise<ExecutionResult<T>>
  cancel(this: void, reason: string | undefined): Promise<void>
  events(this: void, after: string | undefined): AsyncIterable<ExecutionEvent>
  submitAgain(this: void): Promise<Execution<T>>
}

/** Handle of an execution that is under way or has ended. Not thenable, so that an async function can return it. */
export class Execution<T = Json> {
  /** Id of the execution, the same as at the executor. */
  readonly id: string
  /** Id shared by client, executor, tool calls and logs. */
  readonly correlationId: string
  readonly #parts: ExecutionParts<T>

  /** @internal */
  constructor(parts: ExecutionParts<T>) {
    this.id = parts.executionId
    this.correlationId = parts.correlationId
    this.#parts = parts
    // A failed execution without a caller of `wait` must not become an unhandled rejection.
    parts.result.catch(() => {})
  }

  /**
   * Status as far as this client knows it: `queued` until the request is sent, then `running` or `waiting`, or final.
   */
  get status(): ExecutionStatus {
    return this.#parts.state.status
  }

  /** Number of tool calls and log entries so far, as far as this client knows them. */
  get progress(): ExecutionProgress {
    return this.#parts.state.progress
  }

  /**
   * Returns the events from the first one, or from the one after the given id, to `finished`. They are read from the
   * executor as fast as the caller takes them (back-pressure).
   */
  events(options: { readonly after?: string | undefined } = {}): AsyncIterable<ExecutionEvent> {
    return this.#parts.events(options.after)
  }

  /**
   * Resolves with the result, whether the code succeeded or failed. Rejects after `timeoutMs` milliseconds, if given,
   * with an ExecutorTimeoutError of the layer `wait`; the execution goes on. Rejects if the request failed.
   */
  async wait(options: { readonly timeoutMs?: number | undefined } = {}): Promise<ExecutionResult<T>> {
    const { timeoutMs } = options
    if (timeoutMs === undefined) return this.#parts.result
    const timedOut = Promise.withResolvers<never>()
    const timer = setTimeout(() => timedOut.reject(this.#waitTimeout(timeoutMs)), Math.min(timeoutMs, maxTimerMs))
    try {
      return await Promise.race([this.#parts.result, timedOut.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Cancels the code and its tool calls. `wait` then resolves with a failed result with the code `CANCELLED`. */
  async cancel(reason?: string): Promise<void> {
    if (!isFinal(this.status)) await this.#parts.cancel(reason)
  }

  /** Submits the same code with the same options again, under a new execution id. */
  retry(): Promise<Execution<T>> {
    return this.#parts.submitAgain()
  }

  #waitTimeout(timeoutMs: number): ExecutorTimeoutError {
    return new ExecutorTimeoutError(
      'WAIT_TIMEOUT',
      `Execution ${this.id} did not end within timeoutMs (${timeoutMs} ms); it is still under way`,
      {
        executionId: this.id,
        correlationId: this.correlationId,
        retryable: true,
        layer: 'wait',
        timeoutMs,
        option: 'timeoutMs',
        suggestion: 'Call wait() again, or cancel() the execution.',
      },
    )
  }
}
