import { executionQuerySchema, type ExecutionList, type ExecutionSummary } from '@codemode/shared'
import { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { isRecord } from '../config/layer.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ListQuery } from '../executor.ts'

const { status, label, since } = executionQuerySchema.shape

const listOptionsSchema = z.strictObject({
  /** Only executions with this status. */
  status,
  /** Only executions with this label. */
  label,
  /** Only detached executions (`true`), or only attached ones that were recorded (`false`). */
  detached: z.boolean().optional(),
  /** Only executions that were created at this time or later: a Date, or a time in the format of ISO 8601. */
  since: z.union([z.date().transform((date) => date.toISOString()), since.unwrap()]).optional(),
  /** Maximum number of executions; all by default. */
  limit: z.int().min(1).optional(),
  /** Number of executions that are read at a time, up to 200; 50 by default. */
  pageSize: z.int().min(1).max(200).default(50),
})

/** Filter of a list of executions, and the number of its items. */
export type ListOptions = z.input<typeof listOptionsSchema>

const correctCall = "codemode.listExecutions({ status: 'failed', detached: true, since: new Date(0), limit: 100 })"

/**
 * Yields the executions of all pages, each of which is read when the one before has been taken. Throws a ConfigurationError
 * at once if the options are invalid.
 */
export function listAll(
  given: ListOptions,
  readPage: (query: ListQuery) => Promise<ExecutionList>,
): AsyncIterable<ExecutionSummary> {
  const { limit = Infinity, pageSize, ...filter } = parseListOptions(given)
  async function* items(): AsyncGenerator<ExecutionSummary, void> {
    let left = limit
    let cursor: string | undefined
    do {
      const page = await readPage({ ...filter, limit: Math.min(pageSize, left), cursor })
      yield* page.items.slice(0, left)
      left -= page.items.length
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined && left > 0)
  }
  // Each loop over the list reads it anew.
  return { [Symbol.asyncIterator]: items }
}

function parseListOptions(given: unknown): z.output<typeof listOptionsSchema> {
  if (!isRecord(given)) throw new ConfigurationError('The options of a list must be an object.', correctCall)
  const parsed = listOptionsSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const origin = { nameOf: (path: readonly string[]) => `the option ${path.join('.')}`, correct: () => correctCall }
  throw configError(parsed.error.issues, { schema: listOptionsSchema, given, originAt: () => origin })
}
