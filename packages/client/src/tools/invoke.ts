import { maxTimerMs, type ToolAnswer, type ToolCallMessage } from '@codemode/shared'
import { toolCancelled, toolFailed } from '@codemode/shared/internal'

import { forwardAbort } from '../async/forward-abort.ts'
import type { ToolCall } from './define.ts'
import type { RegisteredTool } from './prepare-tool.ts'
import { NotJsonError } from './not-json.ts'
import { checkValue } from './schema.ts'
import { toJson } from './to-json.ts'
import { failedByHandler, failedCheck, failedOutput, failedSchema, withinLimit } from './tool-failure.ts'

/**
 * Runs one tool call: checks the input, runs the handler, checks the output. Never rejects. It resolves as soon as the
 * signal aborts or the deadline passes, even if the handler ignores its own signal. After either of them it starts no
 * handler, also if checking the input took until then.
 */
export async function invokeTool(
  tool: RegisteredTool,
  message: ToolCallMessage,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const name = message.tool
  const deadline = new Date(message.deadline)
  const endsAt = performance.now() + deadline.getTime() - Date.now()
  const ended = Promise.withResolvers<ToolAnswer>()
  const controller = new AbortController()
  const expire = (): void => {
    ended.resolve(
      toolFailed('TOOL_TIMEOUT', `The tool ${name} did not answer before its deadline (${message.deadline})`),
    )
    controller.abort(new DOMException(`The deadline of the tool ${name} has passed`, 'TimeoutError'))
  }
  const timer = setTimeout(expire, Math.min(Math.max(endsAt - performance.now(), 0), maxTimerMs))
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
  try {
    const { executionId, callId, context, correlationId } = message
    const call: ToolCall = { executionId, callId, context, correlationId, deadline, signal: controller.signal }
    // `ended` comes first, so that a call that was over before it began is reported as such, not as a failed handler.
    return withinLimit(name, await Promise.race([ended.promise, serve(tool, message, { call, assertNotOver })]))
  } finally {
    clearTimeout(timer)
    stopForwarding()
  }
}

interface CallOptions {
  readonly call: ToolCall
  /** Throws if the call is over. */
  readonly assertNotOver: () => void
}

async function serve(tool: RegisteredTool, message: ToolCallMessage, options: CallOptions): Promise<ToolAnswer> {
  const { call, assertNotOver } = options
  try {
    assertNotOver()
    const input = await checkValue(tool.input, message.input)
    assertNotOver()
    if ('checkError' in input) return failedSchema(message.tool, 'input', input.checkError)
    if ('issues' in input) return failedCheck(message.tool, 'input', input.issues)
    return await answerOf(tool, await tool.handler(input.value, call))
  } catch (error) {
    return failedByHandler(error)
  }
}

async function answerOf(tool: RegisteredTool, raw: unknown): Promise<ToolAnswer> {
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
