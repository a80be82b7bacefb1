import { errorCodes, type ToolErrorCode } from './errors/codes.ts'
import type { Json } from './json.ts'
import { fixedLimits } from './limits.ts'

/** Returns the answer to a failed tool call, as the guest's `ToolError` shows it; `retryable` is that of the code. */
export function toolFailed(code: ToolErrorCode, message: string, data?: Json) {
  const { retryable } = errorCodes[code]
  return {
    ok: false,
    error: { name: 'ToolError', message, code, retryable, ...(data !== undefined && { data }) },
  } as const
}

/** Returns the answer to a call that was aborted. */
export function toolCancelled(tool: string) {
  return toolFailed('TOOL_CANCELLED', `The call of tool "${tool}" was cancelled.`)
}

/** Returns the answer in place of one over the limit, with its size if that is known. */
export function toolOutputTooLarge(tool: string, sizeBytes?: number, limitBytes: number = fixedLimits.toolOutputBytes) {
  const size = sizeBytes === undefined ? 'larger than allowed' : `${sizeBytes} bytes`
  const message = `The output of tool "${tool}" is ${size}; the limit toolOutputBytes is ${limitBytes} bytes. Return less of it, for example in pages.`
  return toolFailed('TOOL_OUTPUT_TOO_LARGE', message, { limitBytes, ...(sizeBytes !== undefined && { sizeBytes }) })
}
