import { approvalQuerySchema, type Approval, type ApprovalList } from '@codemode/shared'
import { z } from 'zod'

import type { ApprovalListQuery } from '../executor.ts'
import { pagedList, pagingOptions, parseListOptions } from '../run/paged-list.ts'

const { status, executionId } = approvalQuerySchema.shape

const listOptionsSchema = z.strictObject({
  /** Only approvals with this status; `pending` is that of approvals which wait for a decision. */
  status,
  /** Only approvals of this execution. */
  executionId,
  ...pagingOptions,
})

/** Filter of a list of approvals, and the number of its items. */
export type ListApprovalsOptions = z.input<typeof listOptionsSchema>

const correctCall = "codemode.listApprovals({ status: 'pending', limit: 100 })"

/** Yields the approvals of all pages. Throws a ConfigurationError at once if the options are invalid. */
export function listAllApprovals(
  given: ListApprovalsOptions,
  readPage: (query: ApprovalListQuery) => Promise<ApprovalList>,
): AsyncIterable<Approval> {
  const { limit, pageSize, ...filter } = parseListOptions(listOptionsSchema, given, correctCall)
  return pagedList({ limit, pageSize }, (page) => readPage({ ...filter, ...page }))
}
