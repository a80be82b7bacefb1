import { executionQuerySchema, type ExecutionList, type ExecutionSummary } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { ListedExecution } from '../store/execution-list.ts'
import { timestamp } from '../timestamp.ts'
import type { HttpEnv } from './http-context.ts'
import { readQuery } from './read-query.ts'
import { readableBy } from './readable-by.ts'

/**
 * Handles GET /v1/executions: responds with a page of the tenant's executions in the store and of the attached ones of this
 * node, newest first, or of those of the key's owner if the key has no right to read the others.
 */
export function listExecutions({ engine }: { engine: Pick<Engine, 'list'> }): Handler<HttpEnv> {
  return async function listExecutions(c) {
    const { since, until, status, errorCode, label, session, detached, cursor, limit } = readQuery(
      c,
      executionQuerySchema,
    )
    const principal = c.get('principal')
    const { items, nextCursor } = await engine.list(principal.tenant, {
      limit,
      ...readableBy(principal),
      ...(status !== undefined && { statuses: status }),
      ...(errorCode !== undefined && { errorCode }),
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
