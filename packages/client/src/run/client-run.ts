import {
  isFinal,
  type Callback,
  type ExecutionEvent,
  type ExecutionRecord,
  type ExecutionRequest,
} from '@codemode/shared'

import type { ClientAdmission } from '../back-pressure/client-admission.ts'
import { CancelledError, cancelledBy, requestAborted } from '../errors/cancelled-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { keepHandlerErrors } from '../errors/handler-errors.ts'
import { Execution, type EventsOptions } from './execution.ts'
import { failedResultOf, statusOf, type ExecutionResult } from './execution-result.ts'
import type { DetachedExecutions } from './detached-executions.ts'
import { ExecutionState } from './execution-state.ts'
import { requirePart } from './executor-parts.ts'
import type { Executor, RunOptions, SessionOfRun } from '../executor.ts'
import type { ClientEmitter, SettleEvent } from '../insight/client-events.ts'
import type { StatsCounter } from '../insight/stats.ts'
import { forwardAbort } from '../async/forward-abort.ts'
import { unlessAborted } from '../async/unless-aborted.ts'
import type { Plan } from './plan.ts'
import { RunReports } from './run-reports.ts'
import type { View } from './view.ts'
import type { ClientTools } from '../tools/client-tools.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { reportConflict, type ServedRun } from '../tools/serve-call.ts'

/** Parts that the executions of a client share. */
export interface RunParts {
  readonly executor: Executor
  readonly admission: ClientAdmission | undefined
  readonly events: ClientEmitter
  readonly stats: StatsCounter
  readonly tools: ClientTools
  /** Called with each further id under which the tools of a run may be called. */
  addId(this: void, run: ClientRun, executionId: string): void
  /** Called to check that the client is open; throws CLIENT_CLOSED if it is closed. */
  assertOpen(this: void): void
  /** Executions that the executor keeps, of which a run becomes one when it is paused. */
  readonly detached: DetachedExecutions
}

/** Options of one run. */
export interface ClientRunOptions {
  /** View that started the run, whose tools it has; views share the client's queue fairly. */
  readonly view: View
  /** True if the client reads the events of the execution while it runs. For a step, its place in the session decides this. */
  readonly readsEvents: boolean
  /** Whether the run may wait in the client's queue without a timeout, as part of a batch. */
  readonly isInBatch: boolean
  /** Called to submit the same code once more. */
  submitAgain(this: void): Promise<Execution>
  /** Place in a session; undefined if the execution is no step. */
  readonly step?: StepOfRun | undefined
}

/** Place of a run in a session. */
export interface StepOfRun {
  readonly session: SessionOfRun
  /** Promise that resolves when the executor has accepted the steps before. */
  readonly turn: Promise<unknown>
  /** Returns the milliseconds for which the request of the step may have to wait for the steps before. */
  earlierStepsMs(this: void): number
  /** Returns whether the client reads the events of the step. */
  readsEvents(this: void): boolean
}

/**
 * One execution of a client, from its plan to its end: it waits for admission, is sent, emits events and is counted.
 */
export class ClientRun {
  readonly plan: Plan
  readonly state = new ExecutionState()
  readonly result: Promise<ExecutionResult>
  /** Handle of the execution for the caller. */
  readonly execution: Execution
  readonly #parts: RunParts
  readonly #options: ClientRunOptions
  readonly #ended = Promise.withResolvers<ExecutionResult>()
  readonly #stop = new AbortController()
  readonly #reports: RunReports
  #isCancelled = false
  /** Id under which the executor keeps the execution; a fallback runs the code under another id. */
  #keptId: string

  constructor(plan: Plan, parts: RunParts, options: ClientRunOptions) {
    this.plan = plan
    this.#keptId = plan.request.id
    this.#parts = parts
    this.#options = options
    this.#reports = new RunReports(plan, parts)
    this.result = this.#ended.promise
    // A failed execution without a caller of `wait` must not become an unhandled rejection.
    this.result.catch(() => {})
    this.execution = new Execution({
      ...this.#ids,
      label: plan.request.label,
      state: this.state,
      wait: () => this.result,
      cancel: (reason) => this.#cancel(reason),
      events: (options) => this.#events(options),
      record: async () => this.#record(),
      submitAgain: () => options.submitAgain(),
      approvals: (filter) => parts.detached.listApprovals({ ...filter, executionId: this.#keptId }),
      setCallback: () => parts.detached.setCallback(this.#keptId),
    })
  }

  /** Tools of the view that started the run. */
  get registry(): ToolRegistry {
    return this.#options.view.registry
  }

  /** Promise that resolves when the executor has accepted the execution or the run has ended. Rejects as `result`. */
  get accepted(): Promise<unknown> {
    return Promise.race([this.state.accepted, this.result])
  }

  /** Starts the run. The caller registers the run as active first, since this may emit the event `start` at once. */
  begin(): void {
    this.#runToEnd().then(this.#ended.resolve, this.#ended.reject)
  }

  /** Aborts the run. Its result rejects, unless the execution's handle has cancelled it. */
  stop(reason: unknown): void {
    this.#stop.abort(reason)
  }

  /** Cancels the run, which then ends with a failed result. Resolves when the executor has confirmed. */
  async #cancel(reason: string | undefined): Promise<void> {
    this.#parts.assertOpen()
    this.#isCancelled = true
    const { executor } = this.#parts
    // A step that is being stored has to be cancelled at the executor, too.
    if (this.#isDurable && this.#reports.wasSent) await this.accepted.catch(() => {})
    const { request, correlationId } = this.plan
    if (!this.#reports.wasSent || executor.cancel === undefined) return this.stop(reason)
    try {
      await executor.cancel(request.id, reason, { correlationId })
    } catch (error) {
      // An execution that is unknown to the executor, or whose cancellation failed, must not be sent again.
      this.stop(reason)
      if (!(error instanceof ExecutorClientError && error.code === 'NOT_FOUND')) throw error
    }
  }

  #events(options: EventsOptions): AsyncIterable<ExecutionEvent> {
    const { executor, assertOpen } = this.#parts
    const { executionId, correlationId } = this.#ids
    assertOpen()
    const reader = requirePart(executor, 'events')
    const read = () => reader.events(executionId, { ...options, correlationId })
    return this.#options.step === undefined ? read() : this.#whenAccepted(read, options.signal)
  }

  /** Yields the events of a step when the executor has accepted it: before that, the executor does not know it. */
  async *#whenAccepted(
    read: () => AsyncIterable<ExecutionEvent>,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<ExecutionEvent, void> {
    // A step whose request failed may be at the executor, so it is asked in any case.
    await unlessAborted(this.accepted, signal).catch(() => {})
    if (signal.aborted) throw requestAborted(signal.reason, this.#ids)
    yield* read()
  }

  #record(): Promise<ExecutionRecord> {
    const { executor, assertOpen } = this.#parts
    const { executionId, correlationId } = this.#ids
    assertOpen()
    return requirePart(executor, 'record').record(executionId, { correlationId })
  }

  async #runToEnd(): Promise<ExecutionResult> {
    const stopForwarding = forwardAbort(this.plan.signal, this.#stop)
    try {
      const turn = this.#options.step?.turn
      if (turn !== undefined) await unlessAborted(turn, this.#stop.signal)
      return await this.#sendWhenAdmitted()
    } catch (cause) {
      const error = this.#toTypedError(cause)
      const failure = failedResultOf(error, this.#ids)
      if (!this.#reports.wasSent) this.#settle(failure, undefined)
      if (!(this.#isCancelled && error instanceof CancelledError)) throw error
      this.state.result = failure
      return failure
    } finally {
      stopForwarding()
    }
  }

  /** Waits for admission, if the client has admission control, and sends the request. */
  #sendWhenAdmitted(): Promise<ExecutionResult> {
    const { admission } = this.#parts
    if (admission === undefined) return this.#send(0)
    const { view, isInBatch } = this.#options
    const queueTimeoutMs = isInBatch ? Infinity : this.plan.queueTimeoutMs
    const priority = this.plan.request.priority ?? 0
    const queued = { ...this.#ids, view, priority, queueTimeoutMs, signal: this.#stop.signal }
    return admission.runWhenAdmitted(queued, (queuedMs) => this.#send(queuedMs))
  }

  /** Sends the request. Settles the run before the next one is admitted. */
  async #send(queuedMs: number): Promise<ExecutionResult> {
    const request = this.#requestAfter(queuedMs)
    const readsEvents = this.#options.step?.readsEvents() ?? this.#options.readsEvents
    // A step may wait at the executor for the steps before it, until its first event.
    if (this.#options.step === undefined || !readsEvents) this.state.sent()
    this.#reports.sent(queuedMs)
    try {
      const result = await this.#parts.executor.run(request, this.#runOptions(readsEvents))
      this.state.accept()
      if ('error' in result) keepHandlerErrors(result, this.state.handlerErrors)
      if (result.status !== 'paused') this.state.result = result
      this.#settle(result, result.source)
      return result
    } catch (error) {
      this.#settle(failedResultOf(this.#toTypedError(error), this.#ids), undefined)
      throw error
    }
  }

  #runOptions(readsEvents: boolean): RunOptions {
    const { admission, events, tools } = this.#parts
    const { step } = this.#options
    const earlierMs = step?.earlierStepsMs() ?? 0
    const plan = { ...this.plan, requestTimeoutMs: this.plan.requestTimeoutMs + earlierMs }
    const { correlationId, requestTimeoutMs } = plan
    return {
      signal: this.#stop.signal,
      correlationId,
      requestTimeoutMs,
      session: step?.session,
      callTool: (message, signal) => tools.serve(message, signal, this.servedFor(message.tool)),
      ...this.#handlers,
      onCallConflict: (call, reason) => reportConflict(events, call, reason),
      onRetry: (retry) => events.emit('retry', retry),
      ...(this.#isDurable
        ? tools.stepCallback(this.plan, this.registry)
        : tools.usesCallbacks && {
            callbackFor: (executionId) => this.#callbackFor(executionId, plan),
            callbackEnded: (executionId) => tools.server.refuseLaterCalls(executionId),
          }),
      // With a limit on its executions, a client sends a step when the one before has started: steps that wait would take
      // the places of others.
      ...((this.#isDurable || (step !== undefined && admission === undefined)) && {
        onAccepted: () => this.state.accept(),
      }),
      ...((readsEvents || events.has('log')) && { onEvent: (event) => this.#receive(event) }),
    }
  }

  get #isDurable(): boolean {
    return this.#options.step?.session.isDurable === true
  }

  /** Returns the request with its queue timeout reduced by the time that it has waited in the client. */
  #requestAfter(queuedMs: number): ExecutionRequest {
    const { request, queueTimeoutMs } = this.plan
    if (queuedMs < 1 || this.#options.isInBatch) return request
    const leftMs = Math.max(1, Math.floor(queueTimeoutMs - queuedMs))
    return { ...request, limits: { ...request.limits, queueTimeoutMs: leftMs } }
  }

  #callbackFor(executionId: string, plan: Plan): Promise<Callback> {
    const { tools, addId } = this.#parts
    addId(this, executionId)
    return tools.callbackFor(executionId, plan, this.registry)
  }

  /** Returns this run as the execution whose call of a tool is served. */
  servedFor(tool: string): ServedRun {
    const { registry, state } = this
    const { onApproval, request } = this.plan
    const { toolTimeoutMs } = request.limits ?? {}
    const allowed = request.tools?.map(({ name }) => name) ?? []
    return {
      registry,
      state,
      allowed,
      approval: this.#parts.tools.approvalBy(onApproval, tool, { toolTimeoutMs, registry }),
    }
  }

  /** Returns the identity of the handlers, if they are not the client's; decisions of one run are no answers to another. */
  get #handlers(): Pick<RunOptions, 'handlers'> {
    if (this.plan.onApproval !== undefined) return { handlers: {} }
    return this.#parts.tools.isExtendedBy(this.registry) ? { handlers: this.registry } : {}
  }

  #receive(event: ExecutionEvent): void {
    // A custom executor may send events after the end.
    if (isFinal(this.state.status)) return
    this.state.update(event)
    this.#reports.received(event)
  }

  #settle(result: ExecutionResult, source: SettleEvent['source']): void {
    this.state.status = statusOf(result)
    if (result.status === 'paused') this.#keptId = result.executionId
    this.#reports.settled(result, source)
  }

  /** Returns a typed error: a custom executor may reject with the bare reason of the signal. */
  #toTypedError(error: unknown): unknown {
    const { aborted, reason } = this.#stop.signal
    return aborted && error === reason ? cancelledBy(reason, this.#ids) : error
  }

  get #ids(): { executionId: string; correlationId: string } {
    return { executionId: this.plan.request.id, correlationId: this.plan.correlationId }
  }
}
