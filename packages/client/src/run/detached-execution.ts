import { isFinal, type ExecutionEvent, type ExecutionRecord, type ExecutionStatus } from '@codemode/shared'

import type { Executor } from '../executor.ts'
import { malformed } from '../http/parse-response.ts'
import { DetachedState } from './detached-state.ts'
import { Execution, type EventsOptions, type ExecutionParts } from './execution.ts'
import type { ExecutionResult } from './execution-result.ts'
import { requirePart } from './executor-parts.ts'
import { SharedRun } from './shared-run.ts'
import { openUse } from './until-closed.ts'

interface DetachedExecutionOptions {
  readonly executionId: string
  readonly correlationId: string
  readonly label: string | undefined
  readonly status: ExecutionStatus
  readonly servedBy: 'callback' | 'resume' | undefined
  readonly executor: Executor
  /** Signal that aborts when the client closes. */
  readonly closing: AbortSignal
  /** Called to check that the client is open; throws CLIENT_CLOSED if it is closed. */
  assertOpen(this: void): void
  /** Called to submit the same code once more. */
  retry(this: void): Promise<Execution>
  approvals: ExecutionParts<unknown>['approvals']
  setCallback: ExecutionParts<unknown>['setCallback']
}

/**
 * Detached execution as one client follows it. Nothing is held open until its events are read or its end is awaited; all
 * callers that wait at a time share one stream of events, which ends with the last of them.
 */
export class DetachedExecution {
  /** Handle of the execution for the caller. */
  readonly execution: Execution
  readonly state: DetachedState
  readonly #options: DetachedExecutionOptions
  #waiting: SharedRun | undefined

  constructor(options: DetachedExecutionOptions) {
    this.#options = options
    this.state = new DetachedState(options.status)
    this.execution = new Execution({
      ...this.#ids,
      label: options.label,
      servedBy: options.servedBy,
      state: this.state,
      wait: (signal) => this.#wait(signal),
      cancel: (reason) => this.#cancel(reason),
      events: (readOptions) => this.#events(readOptions),
      record: () => this.#record(),
      submitAgain: () => options.retry(),
      approvals: (filter) => options.approvals(filter),
      setCallback: () => options.setCallback(),
    })
  }

  async #wait(signal: AbortSignal): Promise<ExecutionResult> {
    if (this.state.result !== undefined) return this.state.result
    this.#options.assertOpen()
    if (this.#waiting === undefined || this.#waiting.isAborted) {
      const waiting = new SharedRun(this.execution.id, (noCaller) => this.#follow(noCaller))
      // A failed attempt to follow the execution is not its end: the next caller tries again.
      waiting.outcome.catch(() => {
        if (this.#waiting === waiting) this.#waiting = undefined
      })
      this.#waiting = waiting
    }
    return this.#waiting.wait(signal)
  }

  /** Follows the events after the latest known one, or reads the record if there is no later one. Resolves with the result. */
  async #follow(signal: AbortSignal): Promise<ExecutionResult> {
    const hasEnded = isFinal(this.state.status)
    if (hasEnded) await this.#record(signal)
    else await this.#readToEnd(signal)
    if (this.state.result === undefined) throw malformed(hasEnded ? 'record' : 'event stream', undefined)
    return this.state.result
  }

  async #readToEnd(signal: AbortSignal): Promise<void> {
    const events = this.#readEvents({ after: this.state.lastEventId, signal })
    for await (const { type } of events) if (type === 'finished') return
  }

  #events(options: EventsOptions): AsyncIterable<ExecutionEvent> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    requirePart(executor, 'events')
    return this.#readEvents(options)
  }

  async *#readEvents({ after, signal }: EventsOptions): AsyncGenerator<ExecutionEvent, void> {
    const { executor, closing } = this.#options
    const { executionId, correlationId } = this.#ids
    const use = openUse(closing, this.#ids, signal)
    try {
      const events = requirePart(executor, 'events').events(executionId, { after, correlationId, signal: use.signal })
      for await (const event of events) {
        this.state.update(event)
        yield event
      }
    } catch (error) {
      throw use.errorOf(error)
    } finally {
      use.end()
    }
  }

  async #record(signal?: AbortSignal): Promise<ExecutionRecord> {
    const { executor, closing, assertOpen } = this.#options
    const { executionId, correlationId } = this.#ids
    assertOpen()
    const use = openUse(closing, this.#ids, signal)
    try {
      const options = { correlationId, signal: use.signal }
      const record = await requirePart(executor, 'record').record(executionId, options)
      this.state.observe(record)
      return record
    } catch (error) {
      throw use.errorOf(error)
    } finally {
      use.end()
    }
  }

  async #cancel(reason: string | undefined): Promise<void> {
    const { executor, assertOpen } = this.#options
    const { executionId, correlationId } = this.#ids
    assertOpen()
    await requirePart(executor, 'cancel').cancel(executionId, reason, { correlationId })
  }

  get #ids(): { executionId: string; correlationId: string } {
    const { executionId, correlationId } = this.#options
    return { executionId, correlationId }
  }
}
