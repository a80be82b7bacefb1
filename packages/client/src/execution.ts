import { isFinal, maxTimerMs, type ExecutionEvent, type ExecutionStatus, type Json } from '@codemode/shared'

import { ExecutorTimeoutError } from './errors/executor-timeout-error.ts'
import type { ExecutionResult } from './execution-result.ts'
import type { ExecutionProgress, ExecutionState } from './execution-state.ts'

/** What an execution's handle needs of the rest of the client. */
export interface ExecutionLinks<T> {
  readonly executionId: string
  readonly correlationId: string
  readonly state: ExecutionState
  readonly result: Promise<ExecutionResult<T>>
  cancel(this: void, reason: string | undefined): Promise<void>
  events(this: void, after: string | undefined): AsyncIterable<ExecutionEvent>
  submitAgain(this: void): Promise<Execution<T>>
}

/** An execution under way, or over. It is deliberately not thenable: `wait` for it, or let it go. */
export class Execution<T = Json> {
  /** The id of the execution, at the executor as well. */
  readonly id: string
  /** The id that client, executor, tool calls and logs share. */
  readonly correlationId: string
  readonly #links: ExecutionLinks<T>

  /** @internal */
  constructor(links: ExecutionLinks<T>) {
    this.id = links.executionId
    this.correlationId = links.correlationId
    this.#links = links
    // An execution that nobody waits for is no unhandled rejection.
    links.result.catch(() => {})
  }

  /** Where it is, as far as this client knows: `queued` here, `running` once it is sent, `waiting`, or how it ended. */
  get status(): ExecutionStatus {
    return this.#links.state.status
  }

  /** How many calls and log entries there have been, as far as this client knows. */
  get progress(): ExecutionProgress {
    return this.#links.state.progress
  }

  /**
   * The events from the first on, or from after the given one, to `finished`. They are read from the executor as fast as
   * the loop takes them; a reader that comes or goes on too late gets an error with the code `EVENTS_GONE`.
   */
  events(options: { readonly after?: string | undefined } = {}): AsyncIterable<ExecutionEvent> {
    return this.#links.events(options.after)
  }

  /**
   * The result, whether the code succeeded or failed. With `timeoutMs` it gives up after that long, with an
   * ExecutorTimeoutError of the layer `wait`; the execution goes on. Rejects when the executor was lost.
   */
  async wait(options: { readonly timeoutMs?: number | undefined } = {}): Promise<ExecutionResult<T>> {
    const { timeoutMs } = options
    if (timeoutMs === undefined) return this.#links.result
    const gaveUp = Promise.withResolvers<never>()
    const timer = setTimeout(() => gaveUp.reject(this.#waitTimeout(timeoutMs)), Math.min(timeoutMs, maxTimerMs))
    try {
      return await Promise.race([this.#links.result, gaveUp.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Stops the code and its tool calls; `wait` then gives a failed result with the code `CANCELLED`. */
  async cancel(reason?: string): Promise<void> {
    if (!isFinal(this.status)) await this.#links.cancel(reason)
  }

  /** Submits the same code with the same options again, under a new id. */
  retry(): Promise<Execution<T>> {
    return this.#links.submitAgain()
  }

  #waitTimeout(timeoutMs: number): ExecutorTimeoutError {
    return new ExecutorTimeoutError('WAIT_TIMEOUT', `${this.id} was not done after ${timeoutMs} ms; it goes on`, {
      executionId: this.id,
      correlationId: this.correlationId,
      retryable: true,
      layer: 'wait',
      timeoutMs,
      option: 'timeoutMs',
      suggestion: 'Wait again, or cancel it.',
    })
  }
}
