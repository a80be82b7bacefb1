import type { Approval } from '@codemode/shared'

import type { PausedExecution } from '../run/execution-result.ts'
import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** Maximum number of tools that the message names. */
const maxNamed = 5

/**
 * Error of an execution that can only continue by an approval. The execution has not failed: decide its approvals, and then
 * resume it by its id, in any process.
 */
export class ApprovalPendingError extends ExecutorClientError {
  override readonly name: string = 'ApprovalPendingError'
  /** Id of the execution, for `codemode.resume(id)`. */
  declare readonly executionId: string
  /** Approvals that are pending, for `codemode.decide(approval, decision)`. */
  readonly approvals: readonly Approval[]

  constructor(
    message: string,
    options: ExecutorClientErrorOptions & { readonly executionId: string; readonly approvals: readonly Approval[] },
  ) {
    super('APPROVAL_PENDING', message, options)
    this.approvals = options.approvals
  }

  /** Returns the error for a log. It has the approvals without their inputs, which may be confidential. */
  override toJSON(): Record<string, unknown> {
    const approvals = this.approvals.map(({ callId, tool, reason, requestedAt, expiresAt }) => ({
      callId,
      tool,
      reason,
      requestedAt,
      expiresAt,
    }))
    return { ...super.toJSON(), approvals }
  }
}

/** Returns the error for an execution that is paused. */
export function approvalPending({ executionId, correlationId, approvals }: PausedExecution): ApprovalPendingError {
  const tools = [...new Set(approvals.map(({ tool }) => tool))]
  const named = tools.slice(0, maxNamed).join(', ') + (tools.length > maxNamed ? ', …' : '')
  const count = approvals.length === 1 ? 'an approval' : `${approvals.length} approvals`
  return new ApprovalPendingError(`Execution ${executionId} waits for ${count} of ${named || 'a tool call'}`, {
    executionId,
    correlationId,
    approvals,
    attempts: 1,
    suggestion:
      'Decide each of error.approvals with codemode.decide(approval, decision), and then get the value with ' +
      'codemode.resume(error.executionId), in any process.',
  })
}
