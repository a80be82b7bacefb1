import type { JournalHeader } from '@codemode/shared'

import type { RequestedApproval } from '../../store/stored-approval.ts'
import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'
import { heldDeadlineOf } from './held-calls.ts'
import { inputHashOf } from './input-hash.ts'

/** Facts about a paused call. */
type PausedCall = Pick<CallState, 'number' | 'tool' | 'input' | 'heldAt' | 'reason' | 'status'>

/** Returns the approval that a paused call waits for. */
export function pendingApprovalOf(header: Pick<JournalHeader, 'tools'>, call: PausedCall): RequestedApproval {
  const { number, tool, input, reason } = call
  const expiresAt = heldDeadlineOf(header, call)?.at
  return {
    call: number,
    tool,
    input,
    inputHash: inputHashOf(input),
    requestedAt: call.heldAt!,
    ...(reason !== undefined && { reason }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

/** Returns the approvals that an execution waits for. */
export function pendingApprovals({ header, calls }: Pick<ExecutionState, 'header' | 'calls'>): RequestedApproval[] {
  return [...calls.held].filter(({ status }) => status === 'paused').map((call) => pendingApprovalOf(header, call))
}
