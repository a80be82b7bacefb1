import { callIdOf, maxTimerMs, type ToolAnswer, type ToolResponse } from '@codemode/shared'
import { toolFailed, type TraceContext } from '@codemode/shared/internal'
import { context, type Context } from '@opentelemetry/api'

import { ToolCallSpans } from '../../tracing/tool-call-spans.ts'
import { timestamp } from '../../timestamp.ts'
import { CallContinues, type OutgoingCall, type ToolTransport } from '../../tools/transport.ts'
import { callDeadline } from '../state/call-deadline.ts'
import type { CallState } from '../state/call-table.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import type { Pacer } from './pacer.ts'

/**
 * Tolerance for deadlines in milliseconds, because timers, even of one process, do not fire at exactly the same time.
 */
const deadlineSlackMs = 10

interface ToolCallSenderOptions {
  readonly state: ExecutionState
  readonly transport: ToolTransport
  /** Context of the span that is the parent of the calls' spans. */
  readonly trace: Context
  readonly pacer: Pacer
  /** Called with the response to a call that was not aborted. */
  onResponse(call: CallState, response: ToolResponse): void
  /** Called with the error of a bug, which leaves a call unanswered. */
  onFailedByBug(error: unknown): void
  readonly now: () => number
}

/** Sender of one execution's tool calls, each under its own timeout. */
export class ToolCallSender {
  readonly #options: ToolCallSenderOptions
  readonly #inFlight = new Map<number, AbortController>()
  readonly #spans: ToolCallSpans

  constructor(options: ToolCallSenderOptions) {
    this.#options = options
    this.#spans = new ToolCallSpans(options.trace)
  }

  /** Sends a call that has a place in flight, unless it is being sent. */
  send(call: CallState): void {
    if (this.#inFlight.has(call.number)) return
    const abort = new AbortController()
    this.#inFlight.set(call.number, abort)
    this.#sendPaced(call, abort).catch((error: unknown) => this.#options.onFailedByBug(error))
  }

  /** Stops waiting for the response to a call, which was answered in another way. Its handler is not cancelled. */
  forget(call: CallState): void {
    const abort = this.#inFlight.get(call.number)
    this.#inFlight.delete(call.number)
    this.#spans.end(this.#callId(call))
    abort?.abort(new CallContinues('the call was answered in another way'))
  }

  /** Starts the span of a call in flight, unless it is open, and returns its context; undefined without tracing. */
  traceOf(call: CallState): TraceContext | undefined {
    const { executionId, correlationId } = this.#options.state.header
    return this.#spans.traceContextOf({ tool: call.tool, callId: this.#callId(call), executionId, correlationId })
  }

  /** Tells the tool server that nobody waits for a call any more whose connection has ended. */
  cancel(call: CallState, reason: Error): void {
    const { state, transport } = this.#options
    transport.cancel?.(this.#outgoing(call, callDeadline(state, call).at), reason)
  }

  /** Aborts all calls in flight. Their signals abort with the given reason, and no answers follow. */
  abortAll(reason: Error): void {
    const aborted = [...this.#inFlight.values()]
    this.#inFlight.clear()
    this.#spans.endAll()
    for (const abort of aborted) abort.abort(reason)
  }

  async #sendPaced(call: CallState, abort: AbortController): Promise<void> {
    const delay = this.#options.pacer.reserve(call.input.length)
    if (delay) await delay
    // The execution may have ended while the call waited, or during the delivery.
    if (this.#inFlight.get(call.number) !== abort) return
    const response = await this.#deliver(call, abort)
    if (this.#inFlight.get(call.number) !== abort) return
    this.#inFlight.delete(call.number)
    this.#spans.end(this.#callId(call), 'ok' in response && !response.ok ? response.error : undefined)
    this.#options.onResponse(call, response)
  }

  async #deliver(call: CallState, abort: AbortController): Promise<ToolResponse> {
    const { state, transport, now } = this.#options
    const { at, ownAt, timeoutMs, option } = callDeadline(state, call)
    const outgoing = this.#outgoing(call, at)
    const timedOut = toolTimeout(call.tool, timeoutMs, option)
    const expired = Promise.withResolvers<ToolAnswer>()
    const expire = (): void => {
      expired.resolve(timedOut)
      abort.abort(new Error(timedOut.error.message))
    }
    const timer = setTimeout(expire, Math.min(Math.max(0, ownAt - now()), maxTimerMs))
    try {
      const answer = await context.with(this.#spans.start(outgoing), () =>
        Promise.race([transport.call(outgoing, abort.signal), expired.promise]),
      )
      // The handler's signal aborts at the same deadline, so an abort that the handler reports then is the timeout.
      return isAbort(answer) && now() >= ownAt - deadlineSlackMs ? timedOut : answer
    } finally {
      clearTimeout(timer)
    }
  }

  #callId({ number }: CallState): string {
    return callIdOf(this.#options.state.header.executionId, number)
  }

  #outgoing(call: CallState, deadline: number): OutgoingCall {
    const { tool, input, sentAt, approval } = call
    const { header, createdAt } = this.#options.state
    return {
      executionId: header.executionId,
      callId: this.#callId(call),
      tool,
      input,
      context: header.context,
      correlationId: header.correlationId,
      deadline: timestamp(deadline),
      createdAt: timestamp(createdAt),
      sentAt: timestamp(sentAt!),
      ...(approval !== undefined && { approval }),
    }
  }
}

function toolTimeout(tool: string, timeoutMs: number, option: string) {
  const message = `The tool ${tool} did not answer within ${timeoutMs} ms (${option})`
  return toolFailed('TOOL_TIMEOUT', message, { layer: 'tool', timeoutMs, option })
}

function isAbort(answer: ToolResponse): boolean {
  if (!('ok' in answer) || answer.ok) return false
  const { code = '', name = '' } = answer.error
  return ['TOOL_CANCELLED', 'TOOL_TIMEOUT'].includes(code) || ['AbortError', 'TimeoutError'].includes(name)
}
