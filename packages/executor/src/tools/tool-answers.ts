import { fixedLimits, type ToolAnswer, type ToolErrorCode } from '@codemode/shared'

/** How much longer than its output an answer may be: the names around it, and blanks. */
export const answerEnvelopeBytes = 64 * 1024

function toolFailed(code: ToolErrorCode, message: string, retryable = false): ToolAnswer {
  return { ok: false, error: { name: 'ToolError', code, message, retryable } }
}

/** The answer to a call that was aborted; whoever aborted it knows why. */
export function toolCancelled(tool: string): ToolAnswer {
  return toolFailed('TOOL_CANCELLED', `The call of tool "${tool}" was cancelled.`)
}

/** The answer to a call that could not be delivered. It says no more: what it told would make the guest a port scanner. */
export function toolUnavailable(tool: string): ToolAnswer {
  return toolFailed('TOOL_UNAVAILABLE', `The tool "${tool}" is unavailable: its server gave no valid answer.`, true)
}

/** The answer instead of one that is over the limit; the size is told when it is known. */
export function toolOutputTooLarge(tool: string, sizeBytes?: number): ToolAnswer {
  const size = sizeBytes === undefined ? 'larger than allowed' : `${sizeBytes} bytes`
  return toolFailed(
    'TOOL_OUTPUT_TOO_LARGE',
    `The output of tool "${tool}" is ${size}; the limit toolOutputBytes is ${fixedLimits.toolOutputBytes} bytes. Return less of it, for example in pages.`,
  )
}
