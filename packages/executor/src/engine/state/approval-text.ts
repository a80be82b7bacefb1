import { callIdOf, maxJsonNesting, type Approval, type Decision } from '@codemode/shared'

import type { RequestedApproval, StoredApproval } from '../../store/stored-approval.ts'
import { timestamp } from '../../timestamp.ts'
import { isNestedDeeperThan } from '../nesting.ts'
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
  return { ...decision, ...showableValue(decision), by, keyId, at: timestamp(at) }
}

/**
 * Returns a text in place of a value that is nested too deeply to be serialised. Older executors stored such values, and one
 * of them must not make a list of approvals fail.
 */
function showableValue(decision: Decision): Pick<NonNullable<Approval['decision']>, 'input' | 'output'> {
  const text = '(nested too deeply to be shown)'
  if (decision.decision === 'respond') return isTooDeep(decision.output) ? { output: text } : {}
  return decision.decision === 'approve' && isTooDeep(decision.input) ? { input: text } : {}
}

const isTooDeep = (value: unknown): boolean => isNestedDeeperThan(value, maxJsonNesting)
