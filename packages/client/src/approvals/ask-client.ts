import type { Approval, Decision } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import { summaryOf } from '../errors/describe-error.ts'
import { isError } from '../errors/thrown.ts'
import type { ApprovalCall } from '../tools/define.ts'
import { withoutHostPaths } from '../tools/host-paths.ts'
import { decisionFrom, type ApprovalDecision } from './decision.ts'

/** Function of a client that decides about tool calls before their handlers run. */
export type OnApproval = (approval: Approval, call: ApprovalCall) => ApprovalDecision | Promise<ApprovalDecision>

/** Decision of a client, with the error because of which the call is rejected, if there is one. */
export interface ClientDecision {
  readonly decision: Decision
  readonly failure?: { readonly thrown: unknown }
}

/** Maximum length of a reason that the code gets. */
const maxReasonLength = 1_000

/** Asks the client for its decision. Never rejects: a function that fails to decide rejects the call. */
export async function askClient(
  onApproval: OnApproval,
  approval: Approval,
  call: ApprovalCall,
): Promise<ClientDecision> {
  try {
    return { decision: decisionFrom(await onApproval(approval, call)) }
  } catch (thrown) {
    const text = isError(thrown) ? summaryOf(thrown).split('\n', 1)[0]! : 'it threw a value that is no error'
    const reason = textHead(`onApproval failed: ${withoutHostPaths(text)}`, maxReasonLength)
    return { decision: { decision: 'reject', reason }, failure: { thrown } }
  }
}
