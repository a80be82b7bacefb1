/** Events around an execution for which no executor has any, such as a cached result. */
import type { ExecutionEvent, ExecutionResult as WireResult } from '@codemode/shared'

import type { EndedExecution, PausedExecution } from '../run/execution-result.ts'

/** Returns the event of the beginning of an execution. */
export function startedEvent(executionId: string, correlationId: string): ExecutionEvent {
  return { type: 'started', id: '1', at: new Date().toISOString(), executionId, correlationId }
}

/** Returns the event of the end of an execution with this result. */
export function finishedEvent(ended: EndedExecution, id: string): ExecutionEvent {
  const { source: _source, ...result } = ended
  const { executionId } = ended
  return { type: 'finished', id, at: new Date().toISOString(), executionId, result: result as WireResult }
}

/** Returns the event of an execution that is paused. */
export function pausedEvent({ executionId, correlationId, approvals }: PausedExecution, id: string): ExecutionEvent {
  return { type: 'paused', id, at: new Date().toISOString(), executionId, correlationId, approvals: [...approvals] }
}
