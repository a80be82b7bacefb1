import type { ToolAnswer } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

/** Maximum bytes of an answer besides its output: property names and blanks. */
export const answerEnvelopeBytes = 64 * 1024

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
