import { approvalSchema, type Approval } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ControlOptions, DetachedExecutor } from '../executor.ts'
import { decisionFrom, type ApprovalDecision } from './decision.ts'

/** Approval to decide: its execution, its call, and the hash of the input to which the decision is bound. */
export type ApprovalToDecide = Pick<Approval, 'executionId' | 'callId' | 'inputHash'>

/**
 * Sends a decision. Resolves with the approval after it. Rejects with a ConfigurationError for a value that is no approval or
 * no decision; the error for one that the executor refuses has the current state of the approval in its message.
 */
export async function decide(
  detached: DetachedExecutor,
  approval: ApprovalToDecide,
  { decision, ...options }: ControlOptions & { readonly decision: ApprovalDecision },
): Promise<Approval> {
  checkApproval(approval)
  const { executionId, callId, inputHash } = approval
  const request = { ...decisionFrom(decision), inputHash }
  try {
    return await detached.decide({ executionId, callId }, request, options)
  } catch (error) {
    throw error instanceof ExecutorClientError ? withState(error, approval) : error
  }
}

/** Adds the current state of the approval, which the executor sends, to the message of a refusal. */
function withState(error: ExecutorClientError, { inputHash }: ApprovalToDecide): ExecutorClientError {
  const current = approvalSchema.safeParse(error.details?.['approval'])
  if (!current.success) return error
  const { tool, status, decision } = current.data
  const by = decision === undefined ? '' : ` by ${decision.by} at ${decision.at}`
  const state =
    status === 'pending' && current.data.inputHash !== inputHash
      ? `the call of ${tool} has another input now`
      : `the approval of ${tool} is ${status}${by}`
  return Object.assign(error, { message: `${error.message} (${state})` })
}

function checkApproval(approval: unknown): void {
  const fields = typeof approval === 'object' && approval !== null ? (approval as Record<string, unknown>) : {}
  const isApproval =
    typeof fields['executionId'] === 'string' &&
    typeof fields['callId'] === 'string' &&
    approvalSchema.shape.inputHash.safeParse(fields['inputHash']).success
  if (isApproval) return
  throw new ConfigurationError(
    'decide() takes an approval, with its executionId, callId and inputHash, and a decision.',
    'const [approval] = error.approvals\nawait codemode.decide(approval, { approve: true })',
  )
}
