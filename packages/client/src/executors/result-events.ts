/** Events around an execution for which no executor has any, such as a cached result. */
import type { ExecutionEvent, ExecutionResult as WireResult } from '@codemode/shared'

import type { ExecutionResult } from '../run/execution-result.ts'

/** Returns the event of the beginning of an execution. */
export function startedEvent(executionId: string, correlationId: string): ExecutionEvent {
  return { type: 'started', id: '1', at: new Date().toISOString(), executionId, correlationId }
}

/** Returns the event of the end of an execution with this result. */
export function finishedEvent(ended: ExecutionResult, id: string): ExecutionEvent {
  const { source: _source, ...result } = ended
  const { executionId } = ended
  return { type: 'finished', id, at: new Date().toISOString(), executionId, result: result as WireResult }
}
