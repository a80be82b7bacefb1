import type { Approval, ApprovalList, DecisionRequest } from '@codemode/shared'

import { parseExactly } from '../text/exact-json.ts'
import { queryOf } from '../text/query.ts'
import { request } from './request.ts'

export const listApprovals = (
  query: {
    status?: string | undefined
    executionId?: string
    order?: 'oldest' | 'newest'
    cursor?: string | undefined
    limit?: number
  },
  signal?: AbortSignal,
): Promise<ApprovalList> => request(`/approvals${queryOf(query)}`, { parse: parseExactly, ...(signal && { signal }) })

/** Decides about an approval and returns it. Rejects with `ApiError` of status 409 if it is not pending any more. */
export const decide = ({ executionId, callId }: Approval, decision: DecisionRequest): Promise<Approval> =>
  request(`/executions/${encodeURIComponent(executionId)}/approvals/${encodeURIComponent(callId)}`, {
    body: decision,
    parse: parseExactly,
  })
