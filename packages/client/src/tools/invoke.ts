import { maxTimerMs, type Decision, type ToolCallMessage, type ToolResponse } from '@codemode/shared'
import { toolCancelled, toolFailed } from '@codemode/shared/internal'

import { passGate } from '../approvals/approval-gate.ts'
import type { OnApproval } from '../approvals/ask-client.ts'
import { forwardAbort } from '../async/forward-abort.ts'
import { DeferredAnswer } from './deferral.ts'
import type { ApprovalCall, ToolCall } from './define.ts'
import type { RegisteredTool } from './prepare-tool.ts'
import { NotJsonError } from './not-json.ts'
import { checkValue } from './schema.ts'
import { toJson } from './to-json.ts'
import { failedByHandler, failedCheck, failedOutput, failedSchema, withinLimit } from './tool-failure.ts'

/** Approval by the client that runs the execution. */
export interface ClientApproval {
  readonly onApproval: OnApproval
  /** Milliseconds that a call may take from its approval on. */
  readonly timeoutMs: number
}

/**
 * Runs one tool call: checks the input, asks for an approval if the tool requires one, runs the handler, checks the output.
 * Never rejects. It resolves as soon as the signal aborts or the deadline passes, even if the handler ignores its own signal.
 * After either of them it starts no handler, also if checking the input took until then.
 */
export async function invokeTool(
  tool: RegisteredTool,
  message: ToolCallMessage,
  { signal, approval }: { readonly signal: AbortSignal; readonly approval?: ClientApproval | undefined },
): Promise<ToolResponse> {
  const name = message.tool
  let deadline = new Date(message.deadline)
  let endsAt = performance.now() + deadline.getTime() - Date.now()
  let decision: Decision | undefined
  const ended = Promise.withResolvers<ToolResponse>()
  const controller = new AbortController()
  const expire = (): void => {
    ended.resolve(
      toolFailed('TOOL_TIMEOUT', `The tool ${name} did not answer before its deadline (${deadline.toISOString()})`),
    )
    controller.abort(new DOMException(`The deadline of the tool ${name} has passed`, 'TimeoutError'))
  }
  const startTimer = () => setTimeout(expire, Math.min(Math.max(endsAt - performance.now(), 0), maxTimerMs))
  let timer = startTimer()
  const stopForwarding = forwardAbort(signal, controller, (reason) => {
    // The executor's timer expires at the same time, and its cancellation may arrive before this timer fires.
    if (performance.now() >= endsAt) expire()
    else ended.resolve(toolCancelled(name))
    return reason
  })
  /** Throws if the call is over. It compares the time as well, because timers fire late when the event loop is busy. */
  const assertNotOver = (): void => {
    if (performance.now() >= endsAt) expire()
    controller.signal.throwIfAborted()
  }
  const decided = (made: Decision, timeoutMs: number): void => {
    decision = made
    if (performance.now() + timeoutMs >= endsAt) return
    endsAt = performance.now() + timeoutMs
    deadline = new Date(Date.now() + timeoutMs)
    clearTimeout(timer)
    timer = startTimer()
  }
  try {
    const { executionId, callId, context, correlationId } = message
    const callNow = () => ({ executionId, callId, context, correlationId, deadline, signal: controller.signal })
    const serving = serve(tool, message, { callNow, approval, decided, assertNotOver })
    // `ended` comes first, so that a call that was over before it began is reported as such, not as a failed handler.
    const response = await Promise.race([ended.promise, serving])
    if (!('ok' in response)) return response
    const answer = withinLimit(name, response)
    return decision === undefined ? answer : Object.assign(answer, { decision })
  } finally {
    clearTimeout(timer)
    stopForwarding()
  }
}

interface CallOptions {
  /** Returns the facts about the call, with its deadline by now. */
  readonly callNow: () => ApprovalCall
  readonly approval: ClientApproval | undefined
  /** Called with the decision of the client, after which the timeout of the tool starts. */
  readonly decided: (decision: Decision, timeoutMs: number) => void
  /** Throws if the call is over. */
  readonly assertNotOver: () => void
}

async function serve(tool: RegisteredTool, message: ToolCallMessage, options: CallOptions): Promise<ToolResponse> {
  const { callNow, approval, decided, assertNotOver } = options
  try {
    assertNotOver()
    let input = await checkedInput(tool, message.tool, message.input)
    assertNotOver()
    if ('ok' in input) return input
    const gate = await passGate(tool, input.value, { message, call: callNow(), onApproval: approval?.onApproval })
    assertNotOver()
    if (gate.decision !== undefined) decided(gate.decision, approval!.timeoutMs)
    if ('response' in gate) return gate.response
    const edited = gate.decision?.input
    if (edited !== undefined) input = await checkedInput(tool, message.tool, edited)
    assertNotOver()
    if ('ok' in input) return input
    const call: ToolCall = { ...callNow(), defer: () => new DeferredAnswer(message.callId) }
    const output = await tool.handler(input.value, call)
    return DeferredAnswer.isReturned(output, message.callId) ? { deferred: true } : await answerOf(tool, output)
  } catch (error) {
    return failedByHandler(error)
  }
}

type FailedAnswer = ReturnType<typeof failedCheck>

/** Returns the input as the schema of the tool returns it, or the failure of the call. */
async function checkedInput(
  tool: RegisteredTool,
  name: string,
  given: unknown,
): Promise<{ readonly value: unknown } | FailedAnswer> {
  const input = await checkValue(tool.input, given)
  if ('checkError' in input) return failedSchema(name, 'input', input.checkError)
  return 'issues' in input ? failedCheck(name, 'input', input.issues) : input
}

async function answerOf(tool: RegisteredTool, raw: unknown): Promise<ToolResponse> {
  const { name } = tool.declaration
  try {
    const value = tool.output?.describes === 'json' ? toJson(raw) : raw
    const output = await checkValue(tool.output, value)
    if ('checkError' in output) return failedSchema(name, 'output', output.checkError)
    if ('issues' in output) return failedCheck(name, 'output', output.issues)
    return { ok: true, output: toJson(output.value) }
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error
    return failedOutput(name, error)
  }
}
