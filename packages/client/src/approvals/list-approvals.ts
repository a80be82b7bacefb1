import { approvalQuerySchema, executionIdSchema, type Approval, type ApprovalList } from '@codemode/shared'
import { z } from 'zod'

import type { ApprovalListQuery } from '../executor.ts'
import { parseCallOptions } from '../run/call-options.ts'
import { pagedList, pagingOptions } from '../run/paged-list.ts'

const { status } = approvalQuerySchema.shape
const order = approvalQuerySchema.shape.order.unwrap().optional()
const executionId = z
  .string()
  .refine(
    (id) => executionIdSchema.safeParse(id).success,
    'it must be the id of an execution: "exe_" and a UUID in lower case',
  )
  .optional()

const listOptionsSchema = z.strictObject({
  /** Only approvals with this status; `pending` is that of approvals which wait for a decision. */
  status,
  /** Only approvals of this execution. */
  executionId,
  /** Which request is first, `oldest` or `newest`; the oldest by default. */
  order,
  ...pagingOptions,
})

/** Filter of a list of approvals, and the number of its items. */
export type ListApprovalsOptions = z.input<typeof listOptionsSchema>

const correctCall = "codemode.listApprovals({ status: 'pending', executionId: execution.id, limit: 100 })"

/** Yields the approvals of all pages. Throws a ConfigurationError at once if the options are invalid. */
export function listAllApprovals(
  given: ListApprovalsOptions,
  readPage: (query: ApprovalListQuery) => Promise<ApprovalList>,
): AsyncIterable<Approval> {
  const { limit, pageSize, ...filter } = parseCallOptions(listOptionsSchema, given, {
    method: 'listApprovals()',
    correctCall,
  })
  return pagedList({ limit, pageSize }, (page) => readPage({ ...filter, ...page }))
}
