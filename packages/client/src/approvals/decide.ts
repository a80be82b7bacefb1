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

/** Adds to a refusal who has decided and when, or how to find the approval. */
function withState(error: ExecutorClientError, { executionId, callId }: ApprovalToDecide): ExecutorClientError {
  if (error.code === 'NOT_FOUND') {
    const suggestion = `codemode.listApprovals({ executionId: '${executionId}' }) yields the approvals of the execution.`
    return Object.assign(error, { suggestion })
  }
  const current = approvalSchema.safeParse(error.details?.['approval'])
  if (!current.success || current.data.decision === undefined) return error
  const { tool, status, decision } = current.data
  const by = `${status} by the owner "${decision.by}" at ${decision.at}`
  return Object.assign(error, {
    message: `The call ${callId} of ${tool} was ${by}; the first decision counts.`,
    suggestion: `Nothing is left to decide. codemode.resume('${executionId}') returns the result.`,
  })
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
