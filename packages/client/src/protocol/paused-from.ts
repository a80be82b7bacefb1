import type { ExecutionEvent, PausedExecution } from '@codemode/shared'

/** Returns the paused execution that an event describes. */
export function pausedFrom(event: Extract<ExecutionEvent, { type: 'paused' }>): PausedExecution {
  const { executionId, correlationId, approvals } = event
  return { status: 'paused', executionId, correlationId, approvals }
}
