import { callIdOf, type Approval } from '@codemode/shared'

import { timestamp } from '../../timestamp.ts'
import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'
import { heldDeadlineOf } from './held-calls.ts'
import { inputHashOf } from './input-hash.ts'

/** Pending approval, with its input as JSON text. */
export interface PendingApproval {
  /** Number of the call. */
  readonly call: number
  /** Fields of the approval without its input. */
  readonly fields: Omit<Approval, 'input' | 'label' | 'owner' | 'decision'>
  readonly input: string
  /** Time at which it expires, in milliseconds since the epoch; undefined if it does not. */
  readonly expiresAt: number | undefined
}

/** Facts about a paused call. */
type PausedCall = Pick<CallState, 'number' | 'tool' | 'input' | 'heldAt' | 'reason' | 'status'>

/** Returns the approval that a paused call waits for. */
export function pendingApprovalOf({ header }: Pick<ExecutionState, 'header'>, call: PausedCall): PendingApproval {
  const { executionId } = header
  const { number, tool, input, reason } = call
  const expiresAt = heldDeadlineOf(header, call)?.at
  return {
    call: number,
    fields: {
      executionId,
      callId: callIdOf(executionId, number),
      tool,
      inputHash: inputHashOf(input),
      ...(reason !== undefined && { reason }),
      status: 'pending',
      requestedAt: timestamp(call.heldAt!),
      ...(expiresAt !== undefined && { expiresAt: timestamp(expiresAt) }),
    },
    input,
    expiresAt,
  }
}

/** Returns the approvals that an execution waits for, as JSON text of an array. */
export function pendingApprovalsText(state: ExecutionState): string {
  const texts: string[] = []
  for (const call of state.calls.held) {
    if (call.status !== 'paused') continue
    const { fields, input } = pendingApprovalOf(state, call)
    texts.push(`${JSON.stringify(fields).slice(0, -1)},"input":${input}}`)
  }
  return `[${texts.join(',')}]`
}
