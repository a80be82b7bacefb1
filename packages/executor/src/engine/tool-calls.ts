import { callIdOf, maxJsonNesting, type ToolAnswer, type ToolCallSummary } from '@codemode/shared'
import { toolFailed, toolOutputTooLarge } from '@codemode/shared/internal'

import { traceToolCall } from '../telemetry.ts'
import type { OutgoingCall, ToolTransport } from '../tools/transport.ts'
import { Fifo } from './fifo.ts'
import type { JournalLog } from './journal-log.ts'
import { isNestedDeeperThan, nestedTooDeeply, nestingOf } from './nesting.ts'
import type { Pacer } from './pacer.ts'

/** An answer as the guest receives it: the output or the failure, as JSON text. */
export interface AnswerText {
  readonly call: number
  readonly ok: boolean
  readonly text: string
}

/**
 * Tolerance for deadlines in milliseconds, because timers, even of one process, do not fire at exactly the same time.
 */
const deadlineSlackMs = 10

/**
 * Maximum number of calls in a `waiting` event. There is one at every wait, so its size must not grow with the number
 * of open calls.
 */
const maxListedCalls = 100

interface ToolCallsOptions {
  readonly journal: JournalLog
  readonly transport: ToolTransport
  /** Time at which the execution was created, in milliseconds since the epoch. */
  readonly createdAt: number
  /** Time at which the execution's timeout expires, in milliseconds since the epoch. No call's deadline is later. */
  readonly deadlineAt: number
  /** Context of the span that is the parent of the calls' spans. */
  readonly trace: Parameters<typeof traceToolCall>[0]
  readonly pacer: Pacer
  onSent(call: OutgoingCall): void
  onAnswer(answer: AnswerText, call: ToolCallSummary): void
  /** Called with the error of a bug, which leaves a call unanswered. */
  onFailedByBug(error: unknown): void
  readonly now: () => number
}

interface Call {
  readonly number: number
  readonly inputText: string
  readonly summary: ToolCallSummary
  readonly abort: AbortController
  sentAt: number
}

/**
 * The tool calls of one execution. They are sent in the order in which the guest made them, up to the limit of calls in
 * flight, each under its own timeout. Names and sizes are checked again here, because the guest runtime's checks run in
 * a process that may be compromised.
 */
export class ToolCalls {
  readonly #options: ToolCallsOptions
  readonly #calls: Call[] = []
  readonly #queue = new Fifo<Call>()
  /** First open calls, at most `maxListedCalls`. */
  #listed: Call[] = []
  /** Number of calls that were examined to find the first open ones. */
  #examined = 0
  #inFlight = 0
  #open = 0

  constructor(options: ToolCallsOptions) {
    this.#options = options
  }

  /** Number of calls that the guest still waits for. */
  get openCount(): number {
    return this.#open
  }

  /**
   * Returns the ids of the first open calls, at most `maxListedCalls`. Examines each call at most once to find them,
   * however often it is called.
   */
  firstOpenCallIds(): string[] {
    this.#listed = this.#listed.filter(isOpen)
    while (this.#listed.length < maxListedCalls && this.#examined < this.#calls.length) {
      const call = this.#calls[this.#examined++]!
      if (isOpen(call)) this.#listed.push(call)
    }
    return this.#listed.map(({ summary }) => summary.callId)
  }

  get summaries(): ToolCallSummary[] {
    return this.#calls.map((call) => ({ ...call.summary }))
  }

  /** Adds a call that the guest made. It is sent at once, or when one in flight has been answered. */
  add(made: { call: number; tool: string; input: string }): void {
    const { executionId } = this.#options.journal.header
    const call: Call = {
      number: made.call,
      inputText: made.input,
      summary: { callId: callIdOf(executionId, made.call), tool: made.tool, status: 'queued', durationMs: 0 },
      abort: new AbortController(),
      sentAt: 0,
    }
    this.#calls.push(call)
    this.#open += 1
    this.#queue.add(call)
    this.#sendQueued()
  }

  /** Cancels all open calls and returns them. Their signals abort with the given reason, and no answers follow. */
  cancelAll(reason: string): ToolCallSummary[] {
    const open = this.#calls.filter(isOpen)
    this.#queue.clear()
    for (const call of open) {
      this.#settle(call, 'cancelled')
      call.abort.abort(new Error(reason))
    }
    return open.map((call) => ({ ...call.summary }))
  }

  #sendQueued(): void {
    while (this.#queue.size > 0 && this.#inFlight < this.#options.journal.header.limits.toolCallsInFlight) {
      this.#inFlight += 1
      this.#send(this.#queue.take()!).catch((error: unknown) => this.#options.onFailedByBug(error))
    }
  }

  async #send(call: Call): Promise<void> {
    const delay = this.#options.pacer.reserve(call.inputText.length)
    if (delay) await delay
    call.sentAt = this.#options.now()
    if (isOpen(call)) call.summary.status = 'running'
    // The call may have been cancelled while it waited, or during the delivery.
    const answer = isOpen(call) ? (this.#refusalOf(call) ?? (await this.#deliver(call))) : undefined
    this.#inFlight -= 1
    if (answer && isOpen(call)) this.#answered(call, answer)
    this.#sendQueued()
  }

  async #deliver(call: Call): Promise<ToolAnswer> {
    const { summary } = call
    const { timeoutMs, option } = this.#timeoutFieldsOf(call)
    const deadline = call.sentAt + timeoutMs
    const outgoing = this.#outgoing(call, Math.min(deadline, this.#options.deadlineAt))
    this.#options.onSent(outgoing)
    const timedOut = toolTimeout(summary.tool, timeoutMs, option)
    const expired = Promise.withResolvers<ToolAnswer>()
    const timer = setTimeout(() => {
      expired.resolve(timedOut)
      call.abort.abort(new Error(timedOut.error.message))
    }, timeoutMs)
    try {
      const answer = await traceToolCall(this.#options.trace, outgoing, () =>
        Promise.race([this.#options.transport.call(outgoing, call.abort.signal), expired.promise]),
      )
      // The handler's signal aborts at the same deadline, so an abort that the handler reports then is the timeout.
      return isAbort(answer) && this.#options.now() >= deadline - deadlineSlackMs ? timedOut : answer
    } finally {
      clearTimeout(timer)
    }
  }

  /** Returns the timeout of a call: the tool's own, or otherwise the execution's for all tools. */
  #timeoutFieldsOf(call: Call): { timeoutMs: number; option: 'timeoutMs' | 'toolTimeoutMs' } {
    const { tools, limits } = this.#options.journal.header
    const ownMs = tools.find(({ name }) => name === call.summary.tool)?.timeoutMs
    if (ownMs !== undefined) return { timeoutMs: ownMs, option: 'timeoutMs' }
    return { timeoutMs: limits.toolTimeoutMs, option: 'toolTimeoutMs' }
  }

  #outgoing({ summary, inputText, sentAt }: Call, deadline: number): OutgoingCall {
    const { createdAt, journal } = this.#options
    const { header } = journal
    return {
      executionId: header.executionId,
      callId: summary.callId,
      tool: summary.tool,
      input: inputText,
      context: header.context,
      correlationId: header.correlationId,
      deadline: new Date(deadline).toISOString(),
      createdAt: new Date(createdAt).toISOString(),
      sentAt: new Date(sentAt).toISOString(),
    }
  }

  #refusalOf(call: Call): ToolAnswer | undefined {
    const { limits, tools } = this.#options.journal.header
    const { tool } = call.summary
    if (!tools.some(({ name }) => name === tool))
      return toolFailed('TOOL_NOT_ALLOWED', `There is no tool ${tool} in this execution`)
    const sizeBytes = Buffer.byteLength(call.inputText)
    if (sizeBytes > limits.toolInputBytes) {
      const text = `The input of ${tool} is ${sizeBytes} bytes; the limit is ${limits.toolInputBytes} bytes (toolInputBytes)`
      return toolFailed('TOOL_INPUT_TOO_LARGE', text, { sizeBytes, limitBytes: limits.toolInputBytes })
    }
    if (!isJson(call.inputText)) return toolFailed('TOOL_INPUT_INVALID', `The input of ${tool} is not JSON`)
    return nestingOf(call.inputText) > maxJsonNesting
      ? toolFailed('TOOL_INPUT_INVALID', `The input of ${tool} ${nestedTooDeeply(maxJsonNesting)}`)
      : undefined
  }

  #answered(call: Call, answer: ToolAnswer): void {
    const { toolOutputBytes: limitBytes } = this.#options.journal.header.limits
    let ok = answer.ok
    let text = stringify(answer.ok ? answer.output : answer.error)
    let errorCode = answer.ok ? undefined : (answer.error.code ?? 'TOOL_ERROR')
    if (text === undefined) {
      const message = `The output of ${call.summary.tool} ${nestedTooDeeply(maxJsonNesting)}`
      const { error } = toolFailed('TOOL_OUTPUT_INVALID', message)
      ;[ok, text, errorCode] = [false, JSON.stringify(error), error.code]
    }
    const sizeBytes = Buffer.byteLength(text)
    if (sizeBytes > limitBytes) {
      const { error } = toolOutputTooLarge(call.summary.tool, sizeBytes, limitBytes)
      ;[ok, text, errorCode] = [false, JSON.stringify(error), error.code]
    }
    this.#settle(call, ok ? 'completed' : 'failed', errorCode)
    this.#options.onAnswer({ call: call.number, ok, text }, call.summary)
  }

  #settle(call: Call, status: 'completed' | 'failed' | 'cancelled', errorCode?: string): void {
    this.#open -= 1
    call.summary.status = status
    call.summary.durationMs = call.sentAt === 0 ? 0 : this.#options.now() - call.sentAt
    if (errorCode !== undefined) call.summary.errorCode = errorCode
  }
}

function isOpen(call: Call): boolean {
  return call.summary.status === 'queued' || call.summary.status === 'running'
}

function toolTimeout(tool: string, timeoutMs: number, option: string) {
  const message = `The tool ${tool} did not answer within ${timeoutMs} ms (${option})`
  return toolFailed('TOOL_TIMEOUT', message, { layer: 'tool', timeoutMs, option })
}

function isAbort(answer: ToolAnswer): boolean {
  if (answer.ok) return false
  const { code = '', name = '' } = answer.error
  return ['TOOL_CANCELLED', 'TOOL_TIMEOUT'].includes(code) || ['AbortError', 'TimeoutError'].includes(name)
}

/** Returns the JSON text of a value; undefined for a value that is nested too deeply or is not JSON. */
function stringify(value: unknown): string | undefined {
  // The nesting is checked first, because `JSON.stringify` takes time that grows with the square of the depth.
  if (isNestedDeeperThan(value, maxJsonNesting)) return undefined
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
