// Answers that the executor gives to calls that waited for a person, or for an answer that their handler deferred.
import type { ToolAnswer } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

import type { HeldDeadline } from '../state/held-calls.ts'

/** Returns the answer to a call that a person has rejected. */
export function rejectedAnswer(tool: string, reason: string): ToolAnswer {
  return toolFailed('TOOL_REJECTED', `The call of ${tool} was rejected: ${reason}`, { reason })
}

/** Returns the answer to a call that was held for longer than the declaration of its tool allows. */
export function heldForTooLong({ call, option, timeoutMs }: HeldDeadline): ToolAnswer {
  return option === 'approvalTimeoutMs'
    ? toolFailed('APPROVAL_EXPIRED', `The call of ${call.tool} was not approved within ${timeoutMs} ms (${option})`)
    : toolFailed(
        'TOOL_TIMEOUT',
        `The deferred answer of ${call.tool} did not arrive within ${timeoutMs} ms (${option})`,
        {
          layer: 'tool',
          timeoutMs,
          option,
        },
      )
}

/** Returns the answer to a call that needs an approval which nobody can give. */
export function approvalUnavailable(tool: string): ToolAnswer {
  const message =
    `The tool ${tool} requires an approval, and nobody can decide about it: the executor has no store, ` +
    'and the client has no onApproval.'
  return toolFailed('APPROVAL_UNAVAILABLE', message)
}
