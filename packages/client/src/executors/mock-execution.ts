import {
  callIdOf,
  defaultRequestLimits,
  type ExecutionEvent,
  type Json,
  type ToolResponse,
  type ToolCallSummary,
} from '@codemode/shared'

import { requestAborted } from '../errors/cancelled-error.ts'
import { ToolError } from '../errors/tool-error.ts'
import type { EventsOptions } from '../run/execution.ts'
import { emptyRunFields, type EndedExecution, type ExecutionResult } from '../run/execution-result.ts'
import { serveAllowedCall } from '../protocol/serve-allowed-call.ts'
import { NotJsonError } from '../tools/not-json.ts'
import { toJson } from '../tools/to-json.ts'
import type { RunWithIds } from './with-ids.ts'
import { pendingApproval, type MockApproval } from './mock-approvals.ts'
import type { MockEnd } from './mock-answer.ts'
import { finishedEvent, pausedEvent, startedEvent } from './result-events.ts'

type ToolEvent = Extract<ExecutionEvent, { type: 'tool.called' | 'tool.settled' }>
type EventBody<Event = ToolEvent> = Event extends ToolEvent ? Omit<Event, 'id' | 'at' | 'executionId'> : never

/** Execution of a mock, which runs no code: its tool calls, its events and its result. */
export class MockExecution {
  readonly #given: RunWithIds
  readonly #ending = new AbortController()
  readonly #calls: ToolCallSummary[] = []
  readonly #events: ExecutionEvent[] = []
  readonly #waits = Promise.withResolvers<MockApproval>()
  #nextEvent = Promise.withResolvers<void>()

  constructor(given: RunWithIds) {
    this.#given = given
    this.#nextEvent.promise.catch(() => {})
  }

  get hasStarted(): boolean {
    return this.#events.length > 0
  }

  /** Resolves with the end of the execution when one of its calls waits for an approval. */
  async whenPaused(): Promise<MockEnd> {
    return { paused: [await this.#waits.promise] }
  }

  start(): void {
    const { request, options } = this.#given
    this.#emit(startedEvent(request.id, options.correlationId))
  }

  /**
   * Calls a tool as the code would; rejects with a ToolError when the call fails. A call that needs an approval pauses the
   * execution, and one whose answer is deferred ends only with the execution.
   */
  async callTool(tool: string, input: unknown = {}): Promise<Json> {
    this.#ending.signal.throwIfAborted()
    const { request, options } = this.#given
    const executionId = request.id
    const callId = callIdOf(executionId, this.#calls.length + 1)
    const timeoutMs = request.limits?.toolTimeoutMs ?? defaultRequestLimits.toolTimeoutMs
    const call = { callId, tool, input: inputOf(tool, input), deadline: new Date(Date.now() + timeoutMs).toISOString() }
    const summary: ToolCallSummary = { callId, tool, status: 'running', durationMs: 0 }
    this.#calls.push(summary)
    this.#emitToolEvent({ type: 'tool.called', ...call })
    const { correlationId } = options
    const context = structuredClone(options.session?.context ?? request.context ?? {})
    const toolCall = { type: 'tool.call', executionId, correlationId, context, ...call } as const
    const answer = await serveAllowedCall(this.#given, toolCall, this.#ending.signal)
    if ('approvalRequired' in answer) this.#waits.resolve({ tool, input: call.input, reason: answer.reason })
    if (!('ok' in answer)) return this.#untilEnd()
    if (!this.#ending.signal.aborted) this.#settle(summary, answer)
    if (answer.ok) return answer.output
    const { message, code, data, retryable } = answer.error
    throw new ToolError(message, {
      tool,
      ...(code !== undefined && { code }),
      ...(data !== undefined && { data }),
      ...(retryable !== undefined && { retryable }),
    })
  }

  /** Ends the execution, and cancels its open calls. */
  end(end: MockEnd): ExecutionResult {
    this.#ending.abort(new DOMException('The execution has ended', 'AbortError'))
    const { request, options } = this.#given
    if ('paused' in end) return this.#pause(end.paused)
    for (const call of this.#calls) if (call.status === 'running') call.status = 'cancelled'
    const outcome =
      'value' in end ? { success: true as const, result: end.value } : { success: false as const, error: end.failure }
    const result: EndedExecution = {
      ...outcome,
      executionId: request.id,
      correlationId: options.correlationId,
      ...emptyRunFields(),
      toolCalls: structuredClone(this.#calls),
      source: 'executor',
    }
    this.#emit(finishedEvent(result, this.#nextId()))
    return result
  }

  /** Pauses the execution. The calls that it has made keep their numbers. */
  #pause(calls: Extract<MockEnd, { paused: unknown }>['paused']): ExecutionResult {
    const { request, options } = this.#given
    const { correlationId } = options
    const made = this.#calls.findLastIndex(({ status }) => status !== 'running') + 1
    const approvals = calls.map((call, n) => pendingApproval(request.id, made + n + 1, call))
    const fields = { executionId: request.id, correlationId, ...emptyRunFields() }
    const paused = { success: false, status: 'paused', ...fields, approvals, source: 'executor' } as const
    this.#emit(pausedEvent(paused, this.#nextId()))
    return paused
  }

  /** Ends the execution as cancelled. */
  cancel(message: string): ExecutionResult {
    return this.end({ failure: { code: 'CANCELLED', name: 'AbortError', message, retryable: false } })
  }

  /** Ends the execution with an error instead of a result, unless it has one. Readers of its events get the error. */
  fail(error: unknown): void {
    this.#nextEvent.reject(error)
  }

  /**
   * Yields all events after the given one up to the last one, and waits for those that are not there yet. Rejects when the
   * signal aborts.
   */
  async *events({ after = '0', signal }: EventsOptions): AsyncGenerator<ExecutionEvent, void> {
    const { request, options } = this.#given
    const ids = { executionId: request.id, correlationId: options.correlationId }
    const aborted = Promise.withResolvers<never>()
    aborted.promise.catch(() => {})
    const abort = (): void => aborted.reject(requestAborted(signal?.reason, ids))
    signal?.addEventListener('abort', abort, { once: true })
    try {
      if (signal?.aborted === true) throw requestAborted(signal.reason, ids)
      for (let next = Number(after); ; next += 1) {
        while (next >= this.#events.length) await Promise.race([this.#nextEvent.promise, aborted.promise])
        const event = this.#events[next]!
        yield event
        if (event.type === 'finished' || event.type === 'paused') return
      }
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Waits until the execution ends, and then rejects with the reason. */
  #untilEnd(): Promise<never> {
    const { signal } = this.#ending
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  #settle(summary: ToolCallSummary, answer: Extract<ToolResponse, { ok: boolean }>): void {
    const { callId, tool } = summary
    const errorCode = answer.ok ? undefined : answer.error.code
    summary.status = answer.ok ? 'completed' : 'failed'
    if (errorCode !== undefined) summary.errorCode = errorCode
    this.#emitToolEvent({ type: 'tool.settled', callId, tool, status: summary.status, ...(errorCode && { errorCode }) })
  }

  #emitToolEvent(body: EventBody): void {
    this.#emit({ id: this.#nextId(), at: new Date().toISOString(), executionId: this.#given.request.id, ...body })
  }

  #nextId(): string {
    return String(this.#events.length + 1)
  }

  #emit(event: ExecutionEvent): void {
    this.#events.push(event)
    this.#nextEvent.resolve()
    this.#nextEvent = Promise.withResolvers()
    this.#nextEvent.promise.catch(() => {})
    this.#given.options.onEvent?.(event)
  }
}

/** Returns the input of a call as JSON; a value that JSON can't hold fails the call, as in the guest. */
function inputOf(tool: string, input: unknown): Json {
  try {
    return toJson(input)
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error
    throw new ToolError(`The input of ${tool} cannot be sent: ${error.about('input')}`, {
      tool,
      code: 'TOOL_INPUT_INVALID',
      data: { path: error.pathText, hint: error.hint },
    })
  }
}
