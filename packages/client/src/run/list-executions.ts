import {
  executionQuerySchema,
  executionStatusSchema,
  type ExecutionList,
  type ExecutionSummary,
} from '@codemode/shared'
import { z } from 'zod'

import type { ListQuery } from '../executor.ts'
import { parseCallOptions } from './call-options.ts'
import { pagedList, pagingOptions } from './paged-list.ts'

const { errorCode, label, since } = executionQuerySchema.shape

const listOptionsSchema = z.strictObject({
  /** Only executions with this status. */
  status: executionStatusSchema.optional(),
  /** Only executions whose error has this code. */
  errorCode,
  /** Only executions with this label. */
  label,
  /** Only detached executions (`true`), or only attached ones (`false`). */
  detached: z.boolean().optional(),
  /** Only executions that were created at this time or later: a Date, or a time in the format of ISO 8601. */
  since: z.union([z.date().transform((date) => date.toISOString()), since.unwrap()]).optional(),
  ...pagingOptions,
})

/** Filter of a list of executions, and the number of its items. */
export type ListOptions = z.input<typeof listOptionsSchema>

const correctCall = "codemode.listExecutions({ status: 'failed', detached: true, since: new Date(0), limit: 100 })"

/** Yields the executions of all pages. Throws a ConfigurationError at once if the options are invalid. */
export function listAll(
  given: ListOptions,
  readPage: (query: ListQuery) => Promise<ExecutionList>,
): AsyncIterable<ExecutionSummary> {
  const { limit, pageSize, ...filter } = parseCallOptions(listOptionsSchema, given, {
    method: 'listExecutions()',
    correctCall,
  })
  return pagedList({ limit, pageSize }, (page) => readPage({ ...filter, ...page }))
}
