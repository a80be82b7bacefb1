import { errorCodes, fixedLimits, type Json, type ToolAnswer, type ToolErrorCode } from '@codemode/shared'

/** Maximum bytes of an answer besides its output: property names and blanks. */
export const answerEnvelopeBytes = 64 * 1024

/** Returns a failed answer, as the guest's `ToolError` shows it; `retryable` is that of the code. */
export function toolFailed(code: ToolErrorCode, message: string, data?: Json) {
  const { retryable } = errorCodes[code]
  return {
    ok: false,
    error: { name: 'ToolError', code, message, retryable, ...(data !== undefined && { data }) },
  } as const
}

/** Returns the answer to a call that was aborted. */
export function toolCancelled(tool: string): ToolAnswer {
  return toolFailed('TOOL_CANCELLED', `The call of tool "${tool}" was cancelled.`)
}

/**
 * Returns the answer to a call that could not be delivered. It reveals only whether a gateway answered in place of the
 * tool server: more, such as whether a port is open, would let the guest scan ports.
 */
export function toolUnavailable(tool: string, gatewayStatus?: number): ToolAnswer {
  const gateway = gatewayStatus === undefined ? '' : ` (a gateway before it answered ${gatewayStatus})`
  return toolFailed('TOOL_UNAVAILABLE', `The tool "${tool}" is unavailable: its server gave no valid answer${gateway}.`)
}

/** Returns the answer to a call whose id the tool server knows with another tool or input. */
export function toolCallConflict(tool: string): ToolAnswer {
  const message =
    `The tool "${tool}" refused the call: its id was used before with another tool or input, ` +
    'so the code of this execution has run twice.'
  return toolFailed('TOOL_CALL_CONFLICT', message)
}

/** Returns the answer in place of one over the limit, with its size if that is known. */
export function toolOutputTooLarge(tool: string, sizeBytes?: number, limitBytes: number = fixedLimits.toolOutputBytes) {
  const size = sizeBytes === undefined ? 'larger than allowed' : `${sizeBytes} bytes`
  const message = `The output of tool "${tool}" is ${size}; the limit toolOutputBytes is ${limitBytes} bytes. Return less of it, for example in pages.`
  return toolFailed('TOOL_OUTPUT_TOO_LARGE', message, { limitBytes, ...(sizeBytes !== undefined && { sizeBytes }) })
}
