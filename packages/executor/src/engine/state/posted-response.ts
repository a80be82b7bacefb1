import type { ToolResponse } from '@codemode/shared'

import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'

/**
 * Returns whether an open call takes a response that did not come over a connection of its own. Answers are taken also
 * while the call is in flight by callback. A deferral and a request for an approval are statements of whoever has received
 * the call; for a call by callback only its connection makes them, because its handler may run already.
 */
export function takesPostedResponse(
  { isServedByClient }: Pick<ExecutionState, 'isServedByClient'>,
  { status }: Pick<CallState, 'status'>,
  response: ToolResponse,
): boolean {
  if ('ok' in response) return status === 'running' || status === 'deferred'
  return status === 'running' && isServedByClient
}
