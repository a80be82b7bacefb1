import { maxJsonNesting, type JournalHeader, type ToolAnswer } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

import { nestedTooDeeply, nestingOf } from '../nesting.ts'

/**
 * Returns the answer to a call that must not be sent; undefined for a valid call. The guest runtime has made the same
 * checks, but in a process that may be compromised.
 */
export function toolCallRefusal(
  { tool, input }: { readonly tool: string; readonly input: string },
  { limits, tools }: Pick<JournalHeader, 'limits' | 'tools'>,
): Extract<ToolAnswer, { ok: false }> | undefined {
  if (!tools.some(({ name }) => name === tool))
    return toolFailed('TOOL_NOT_ALLOWED', `There is no tool ${tool} in this execution`)
  const sizeBytes = Buffer.byteLength(input)
  if (sizeBytes > limits.toolInputBytes) {
    const text = `The input of ${tool} is ${sizeBytes} bytes; the limit is ${limits.toolInputBytes} bytes (toolInputBytes)`
    return toolFailed('TOOL_INPUT_TOO_LARGE', text, { sizeBytes, limitBytes: limits.toolInputBytes })
  }
  if (!isJson(input)) return toolFailed('TOOL_INPUT_INVALID', `The input of ${tool} is not JSON`)
  return nestingOf(input) > maxJsonNesting
    ? toolFailed('TOOL_INPUT_INVALID', `The input of ${tool} ${nestedTooDeeply(maxJsonNesting)}`)
    : undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
