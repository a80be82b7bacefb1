/** The events around an execution, for those that no executor has events of. */
import type { ExecutionEvent, ExecutionResult as WireResult } from '@codemode/shared'

import type { ExecutionResult } from '../execution-result.ts'

/** The event that an execution has begun. */
export function startedEvent(executionId: string, correlationId: string): ExecutionEvent {
  return { type: 'started', id: '1', at: new Date().toISOString(), executionId, correlationId }
}

/** The event that an execution has ended with this result. */
export function finishedEvent(ended: ExecutionResult, id: string): ExecutionEvent {
  const { source: _source, ...result } = ended
  const { executionId } = ended
  return { type: 'finished', id, at: new Date().toISOString(), executionId, result: result as WireResult }
}
