import { executionQuerySchema, RequestError, type ExecutionList, type ExecutionSummary } from '@codemode/shared'
import { parseWith } from '@codemode/shared/internal'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { summary } from '../problem-texts.ts'
import type { StoredExecution } from '../store/execution-store.ts'
import { timestamp } from '../timestamp.ts'
import type { HttpEnv } from './http-context.ts'
import { requireRight } from './rights.ts'

/**
 * Handles GET /v1/executions: responds with a page of the tenant's executions in the store, newest first, or of those of
 * the key's owner if the key has no right to read the others.
 */
export function listExecutions({ engine }: { engine: Pick<Engine, 'list'> }): Handler<HttpEnv> {
  return async function listExecutions(c) {
    const query = parseWith(executionQuerySchema, c.req.query())
    if (!query.ok) throw new RequestError('INVALID_REQUEST', `The query is not valid: ${summary(query.problems)}.`)
    const { since, status, label, detached, cursor, limit } = query.value
    const { tenant, owner, rights } = c.get('principal')
    if (!rights.includes('run')) requireRight(c.get('principal'), 'read', 'Listing executions')
    const { items, nextCursor } = await engine.list(tenant, {
      limit,
      ...(!rights.includes('read') && { owner }),
      ...(status !== undefined && { status }),
      ...(label !== undefined && { label }),
      ...(detached !== undefined && { isAttached: detached === 'false' }),
      ...(since !== undefined && { since: Date.parse(since) }),
      ...(cursor !== undefined && { cursor }),
    })
    return c.json({ items: items.map(summaryOf), nextCursor } satisfies ExecutionList)
  }
}

function summaryOf({
  facts,
  isAttached,
  status,
  createdAt,
  startedAt,
  finishedAt,
  error,
}: StoredExecution): ExecutionSummary {
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
  }
}
