import { callIdOf, type Approval, type Json } from '@codemode/shared'

import { inputHashOf } from '../approvals/input-hash.ts'

/** Tool call of a mock that waits for an approval. */
export interface MockApproval {
  /** Name of the tool. */
  readonly tool: string
  /** Input of the call; `{}` by default. */
  readonly input?: Json | undefined
  /** Reason that the tool gives for asking. */
  readonly reason?: string | undefined
}

/** Returns the pending approval of a call of an execution. */
export function pendingApproval(
  executionId: string,
  call: number,
  { tool, input = {}, reason }: MockApproval,
): Approval {
  return {
    executionId,
    callId: callIdOf(executionId, call),
    tool,
    input,
    inputHash: inputHashOf(input),
    ...(reason !== undefined && { reason }),
    status: 'pending',
    requestedAt: new Date().toISOString(),
  }
}
