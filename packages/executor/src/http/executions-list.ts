import { executionQuerySchema, RequestError, type ExecutionList, type ExecutionSummary } from '@codemode/shared'
import { parseWith } from '@codemode/shared/internal'
import type { Handler } from 'hono'
import type { z } from 'zod'

import type { Engine } from '../engine/engine.ts'
import type { Principal } from '../engine/principal.ts'
import { summary } from '../problem-texts.ts'
import type { ListedExecution } from '../store/execution-store.ts'
import { timestamp } from '../timestamp.ts'
import type { HttpContext, HttpEnv } from './http-context.ts'
import { requireRight } from './rights.ts'

/**
 * Handles GET /v1/executions: responds with a page of the tenant's executions in the store and of the attached ones of this
 * node, newest first, or of those of the key's owner if the key has no right to read the others.
 */
export function listExecutions({ engine }: { engine: Pick<Engine, 'list'> }): Handler<HttpEnv> {
  return async function listExecutions(c) {
    const { since, until, status, label, session, detached, cursor, limit } = readQuery(c, executionQuerySchema)
    const principal = c.get('principal')
    const { items, nextCursor } = await engine.list(principal.tenant, {
      limit,
      ...readableBy(principal),
      ...(status !== undefined && { statuses: status }),
      ...(label !== undefined && { label }),
      ...(session !== undefined && { session }),
      ...(detached !== undefined && { isAttached: detached === 'false' }),
      ...(since !== undefined && { since: Date.parse(since) }),
      ...(until !== undefined && { until: Date.parse(until) }),
      ...(cursor !== undefined && { cursor }),
    })
    return c.json({ items: items.map(summaryOf), nextCursor } satisfies ExecutionList)
  }
}

/** Parses the query of a request. Throws `RequestError` INVALID_REQUEST. */
export function readQuery<Schema extends z.ZodType>(c: HttpContext, schema: Schema): z.output<Schema> {
  const query = parseWith(schema, c.req.query())
  if (!query.ok) throw new RequestError('INVALID_REQUEST', `The query is not valid: ${summary(query.problems)}.`)
  return query.value
}

/** Returns the filter by which a key sees only what it may read. Throws `RequestError` FORBIDDEN if that is nothing. */
export function readableBy(principal: Principal): { readonly owner?: string } {
  const { owner, rights } = principal
  if (rights.includes('read')) return {}
  if (!rights.includes('run')) requireRight(principal, 'read', 'Listing executions')
  return { owner }
}

function summaryOf(execution: ListedExecution): ExecutionSummary {
  const { facts, isAttached, status, createdAt, startedAt, finishedAt, error, session } = execution
  const { id, correlationId, label, owner } = facts
  return {
    executionId: id,
    correlationId,
    status,
    detached: !isAttached,
    ...(label !== undefined && { label }),
    owner,
    createdAt: timestamp(createdAt),
    ...(startedAt !== undefined && { startedAt: timestamp(startedAt) }),
    ...(finishedAt !== undefined && { finishedAt: timestamp(finishedAt) }),
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
    ...(session !== undefined && { session }),
  }
}
