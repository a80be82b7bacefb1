import { createHash } from 'node:crypto'

import type { Approval, Json } from '@codemode/shared'

/** Returns a pending approval of the nth call of an execution. */
export function pendingApproval(executionId: string, n: number, tool: string, input: Json = {}): Approval {
  return {
    executionId,
    callId: `${executionId}:${n}`,
    tool,
    input,
    inputHash: createHash('sha256').update(JSON.stringify(input)).digest('hex'),
    status: 'pending',
    requestedAt: '2030-01-01T00:00:00.000Z',
  }
}
