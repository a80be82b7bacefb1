import { callIdOf, type Approval } from '@codemode/shared'

import type { RequestedApproval, StoredApproval } from '../../store/stored-approval.ts'
import { timestamp } from '../../timestamp.ts'
import { jsonText, withJsonField, type JsonText } from './json-field.ts'

/** Approval as the store or a journal has it. */
type AnyApproval = RequestedApproval & Partial<Pick<StoredApproval, 'owner' | 'label' | 'status' | 'decided'>>

/** Returns an `Approval` as JSON text; its input is the text of the guest, unchanged. */
export function approvalText(executionId: string, approval: AnyApproval): string {
  const { call, tool, input, inputHash, reason, owner, label, status = 'pending', decided } = approval
  const { requestedAt, expiresAt } = approval
  const fields: Omit<Approval, 'input'> = {
    executionId,
    callId: callIdOf(executionId, call),
    tool,
    inputHash,
    status,
    requestedAt: timestamp(requestedAt),
    ...(reason !== undefined && { reason }),
    ...(label !== undefined && { label }),
    ...(owner !== undefined && { owner }),
    ...(expiresAt !== undefined && { expiresAt: timestamp(expiresAt) }),
    ...(decided !== undefined && { decision: decisionOf(decided) }),
  }
  return withJsonField(fields, 'input', jsonText(input)).text
}

/** Returns approvals as JSON text of an array. */
export function approvalsText(executionId: string, approvals: readonly RequestedApproval[]): JsonText {
  return jsonText(`[${approvals.map((approval) => approvalText(executionId, approval)).join(',')}]`)
}

function decisionOf({ made, at }: NonNullable<StoredApproval['decided']>): Approval['decision'] {
  const { decision, by, keyId } = made
  return { ...decision, by, keyId, at: timestamp(at) }
}
