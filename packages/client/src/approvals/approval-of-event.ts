import type { Approval, ExecutionEvent } from '@codemode/shared'

/** Returns the pending approval that an event describes. */
export function approvalOfEvent(event: Extract<ExecutionEvent, { type: 'approval.requested' }>): Approval {
  const { executionId, callId, tool, input, inputHash, reason, requestedAt, expiresAt } = event
  return {
    executionId,
    callId,
    tool,
    input,
    inputHash,
    ...(reason !== undefined && { reason }),
    status: 'pending',
    requestedAt,
    ...(expiresAt !== undefined && { expiresAt }),
  }
}
