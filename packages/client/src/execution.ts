import { isFinal, type ExecutionEvent, type ExecutionStatus, type Json } from '@codemode/shared'

import { CancelledError } from './errors/cancelled-error.ts'
import { ExecutorTimeoutError } from './errors/executor-timeout-error.ts'
import type { ExecutionResult } from './execution-result.ts'

/** How far an execution has come, counted from its events. */
export interface ExecutionProgress {
  readonly toolCalls: number
  readonly toolCallsSettled: number
  readonly logs: number
}

/** What an execution's handle needs of the rest of the client. */
export interface ExecutionLinks<T> {
  readonly id: string
  readonly correlationId: string
  /** Runs it, telling the handle each event. */
  run(this: void, onEvent: (event: ExecutionEvent) => void): Promise<ExecutionResult<T>>
  cancel(this: void, reason: string | undefined): Promise<void>
  events(this: void, after: string | undefined): AsyncIterable<ExecutionEvent>
  submitAgain(this: void): Promise<Execution<T>>
}

/** An execution that the executor has accepted. It is deliberately not thenable: `wait` for it, or let it go. */
export class Execution<T = Json> {
  readonly id: string
  readonly correlationId: string
  readonly #links: ExecutionLinks<T>
  readonly #result: Promise<ExecutionResult<T>>
  #status: ExecutionStatus = 'queued'
  #progress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }

  /** Begins the execution; resolves with its handle when it is accepted, rejects if it is not. */
  static async submit<T>(links: ExecutionLinks<T>): Promise<Execution<T>> {
    const accepted = Promise.withResolvers<void>()
    const execution = new Execution(links, accepted.resolve)
    await Promise.race([accepted.promise, execution.#result])
    return execution
  }

  private constructor(links: ExecutionLinks<T>, accept: () => void) {
    this.id = links.id
    this.correlationId = links.correlationId
    this.#links = links
    this.#result = this.#follow(
      links.run((event) => {
        this.#note(event)
        accept()
      }),
    )
    // An execution that nobody waits for is no unhandled rejection.
    this.#result.catch(() => {})
  }

  get status(): ExecutionStatus {
    return this.#status
  }

  get progress(): ExecutionProgress {
    return this.#progress
  }

  /** The events from the first on, or from after the given one, to `finished`. */
  events(options: { readonly after?: string | undefined } = {}): AsyncIterable<ExecutionEvent> {
    return this.#links.events(options.after)
  }

  /**
   * The result, whether the code succeeded or failed. With `timeoutMs` it gives up after that long, with an
   * ExecutorTimeoutError of the layer `wait`; the execution goes on. Rejects when the executor was lost.
   */
  async wait(options: { readonly timeoutMs?: number | undefined } = {}): Promise<ExecutionResult<T>> {
    const { timeoutMs } = options
    if (timeoutMs === undefined) return this.#result
    const gaveUp = Promise.withResolvers<never>()
    const timer = setTimeout(() => gaveUp.reject(this.#waitTimeout(timeoutMs)), Math.min(timeoutMs, 2_147_483_647))
    try {
      return await Promise.race([this.#result, gaveUp.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Stops the code and its tool calls; `wait` then gives a failed result with the code `CANCELLED`. */
  async cancel(reason?: string): Promise<void> {
    if (!isFinal(this.#status)) await this.#links.cancel(reason)
  }

  /** Submits the same code with the same options again, under a new id. */
  retry(): Promise<Execution<T>> {
    return this.#links.submitAgain()
  }

  async #follow(run: Promise<ExecutionResult<T>>): Promise<ExecutionResult<T>> {
    try {
      const result = await run
      this.#status = statusOf(result)
      return result
    } catch (error) {
      this.#status = error instanceof CancelledError ? 'cancelled' : 'failed'
      throw error
    }
  }

  #note(event: ExecutionEvent): void {
    if (event.type === 'waiting') this.#status = 'waiting'
    else if (event.type !== 'finished') this.#status = 'running'
    const { toolCalls, toolCallsSettled, logs } = this.#progress
    this.#progress = {
      toolCalls: toolCalls + (event.type === 'tool.called' ? 1 : 0),
      toolCallsSettled: toolCallsSettled + (event.type === 'tool.settled' ? 1 : 0),
      logs: logs + (event.type === 'log' ? 1 : 0),
    }
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

function statusOf(result: ExecutionResult<unknown>): ExecutionStatus {
  if (result.success) return 'completed'
  return result.error.code === 'CANCELLED' ? 'cancelled' : 'failed'
}
