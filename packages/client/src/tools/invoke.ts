import { maxTimerMs, type ToolAnswer, type ToolCallMessage } from '@codemode/shared'

import { linkAbort } from '../linked-abort.ts'
import type { ToolCall } from './define.ts'
import type { RegisteredTool } from './registry.ts'
import { failed, failedByHandler, failedCheck, failedOutput, withinLimit } from './tool-failure.ts'
import { NotJsonError } from './not-json.ts'
import { toJson } from './to-json.ts'

/**
 * Runs one tool call: checks the input, runs the handler, checks the output. It never rejects, and answers at once when
 * the signal aborts or the deadline passes, whether the handler minds its own signal or not.
 */
export async function invokeTool(
  tool: RegisteredTool,
  message: ToolCallMessage,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const name = message.tool
  const ended = Promise.withResolvers<ToolAnswer>()
  const controller = new AbortController()
  const unlink = linkAbort(signal, controller)
  const deadline = new Date(message.deadline)
  const timer = setTimeout(
    () => {
      ended.resolve(failed('TOOL_TIMEOUT', `${name} did not answer before its deadline`))
      controller.abort(new DOMException(`The deadline of ${name} has passed`, 'TimeoutError'))
    },
    Math.min(Math.max(deadline.getTime() - Date.now(), 0), maxTimerMs),
  )
  const cancel = (): void => ended.resolve(failed('TOOL_CANCELLED', `The call of ${name} was cancelled`))
  controller.signal.addEventListener('abort', cancel)
  if (controller.signal.aborted) cancel()
  try {
    const { executionId, callId, context, correlationId } = message
    const call: ToolCall = { executionId, callId, context, correlationId, deadline, signal: controller.signal }
    return withinLimit(name, await Promise.race([serve(tool, message, call), ended.promise]))
  } finally {
    clearTimeout(timer)
    unlink()
  }
}

async function serve(tool: RegisteredTool, message: ToolCallMessage, call: ToolCall): Promise<ToolAnswer> {
  try {
    const input = (await tool.input?.check(message.input)) ?? { value: message.input }
    if ('issues' in input) return failedCheck(message.tool, 'input', input.issues)
    call.signal.throwIfAborted()
    return await answerOf(tool, await tool.handler(input.value, call))
  } catch (error) {
    return failedByHandler(error)
  }
}

async function answerOf(tool: RegisteredTool, raw: unknown): Promise<ToolAnswer> {
  const { name } = tool.declaration
  try {
    const value = tool.output?.describes === 'json' ? toJson(raw) : raw
    const output = (await tool.output?.check(value)) ?? { value }
    if ('issues' in output) return failedCheck(name, 'output', output.issues)
    return { ok: true, output: toJson(output.value) }
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error
    return failedOutput(name, error)
  }
}
