import { callIdOf, maxJsonNesting, type ToolAnswer, type ToolCallSummary } from '@codemode/shared'

import { traceToolCall } from '../telemetry.ts'
import { toolFailed, toolOutputTooLarge } from '../tools/tool-answers.ts'
import type { OutgoingCall, ToolTransport } from '../tools/transport.ts'
import { Fifo } from './fifo.ts'
import type { JournalLog } from './journal-log.ts'
import { isNestedDeeperThan, nestedTooDeeply, nestingOf } from './nesting.ts'
import type { Pacer } from './pacer.ts'

/** An answer as the guest will get it: the output, or the failure, as JSON text. */
export interface AnswerText {
  readonly call: number
  readonly ok: boolean
  readonly text: string
}

/** Timers of two processes, and of one, do not fire at exactly the same time. */
const deadlineSlackMs = 10

/** An event is told at every wait: what it lists must not grow with all that is open. */
const maxListedCalls = 100

interface ToolCallsOptions {
  readonly journal: JournalLog
  readonly transport: ToolTransport
  /** When the execution was created, in milliseconds since the epoch. */
  readonly createdAt: number
  /** When the execution's own clock runs out, in milliseconds since the epoch: no call's deadline is later. */
  readonly deadlineAt: number
  /** The span that the calls belong to. */
  readonly trace: Parameters<typeof traceToolCall>[0]
  readonly pacer: Pacer
  onSent(call: OutgoingCall): void
  onAnswer(answer: AnswerText, call: ToolCallSummary): void
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
 * The tool calls of one execution: in the order in which the guest made them, so many at once as the limit allows, each
 * under its own clock. Names and sizes are checked again here, since the guest's side of the checks runs in a process
 * that may have been taken over.
 */
export class ToolCalls {
  readonly #options: ToolCallsOptions
  readonly #calls: Call[] = []
  readonly #queue = new Fifo<Call>()
  /** The first open calls, and how many calls were looked at to find them. */
  #listed: Call[] = []
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

  /** Returns the ids of the open calls, of many the first ones. Each call is looked at once, however often it is asked. */
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

  /** Takes a call that the guest made; it is sent at once or when one in flight has been answered. */
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

  /** Cancels all open calls: their signals abort with this reason, and no answer follows. */
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
      void this.#send(this.#queue.take()!)
    }
  }

  async #send(call: Call): Promise<void> {
    const turn = this.#options.pacer.turn(call.inputText.length)
    if (turn) await turn
    call.sentAt = this.#options.now()
    if (isOpen(call)) call.summary.status = 'running'
    // It may have been cancelled meanwhile, now and after the delivery.
    const answer = isOpen(call) ? (this.#refusalOf(call) ?? (await this.#deliver(call))) : undefined
    this.#inFlight -= 1
    if (answer && isOpen(call)) this.#answered(call, answer)
    this.#sendQueued()
  }

  async #deliver(call: Call): Promise<ToolAnswer> {
    const { summary } = call
    const { timeoutMs, option } = this.#clockOf(call)
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
      // The handler's signal aborts at the same deadline: what it answers to that is the timeout.
      return isAbort(answer) && this.#options.now() >= deadline - deadlineSlackMs ? timedOut : answer
    } finally {
      clearTimeout(timer)
    }
  }

  /** A tool's own timeout goes before the execution's for all tools. */
  #clockOf(call: Call): { timeoutMs: number; option: 'timeoutMs' | 'toolTimeoutMs' } {
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
    if (!tools.some(({ name }) => name === tool)) return toolFailed('TOOL_NOT_ALLOWED', `There is no tool ${tool} here`)
    const sizeBytes = Buffer.byteLength(call.inputText)
    if (sizeBytes > limits.toolInputBytes) {
      const text = `The input of ${tool} has ${sizeBytes} bytes; the limit (toolInputBytes) is ${limits.toolInputBytes}`
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

/** Returns the JSON text of a value; undefined for one that is nested too deeply or is no JSON. */
function stringify(value: unknown): string | undefined {
  // Before it is written out: `JSON.stringify` takes time that grows with the square of the depth.
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
