import { executionCountsQuerySchema, RequestError } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { readQuery } from './read-query.ts'
import { readableBy } from './readable-by.ts'

const hourMs = 3_600_000
const maxDays = 31

/**
 * Handles GET /v1/executions/counts: responds with the numbers of executions by outcome and by the interval in which they were
 * created, of those that the key may list.
 */
export function countExecutions({ engine }: { engine: Pick<Engine, 'count'> }): Handler<HttpEnv> {
  return async function countExecutions(c) {
    const { since, until, buckets, label, session } = readQuery(c, executionCountsQuerySchema)
    const principal = c.get('principal')
    const owned = readableBy(principal)
    const end = until === undefined ? Date.now() + 1 : Date.parse(until)
    const start = since === undefined ? end - hourMs : Date.parse(since)
    if (start >= end || end - start > maxDays * 24 * hourMs)
      throw new RequestError(
        'INVALID_REQUEST',
        `The query is not valid: until must be after since, and at most ${maxDays} days after it.`,
      )
    const counts = await engine.count(principal.tenant, {
      since: start,
      until: end,
      buckets,
      ...owned,
      ...(label !== undefined && { label }),
      ...(session !== undefined && { session }),
    })
    return c.json(counts)
  }
}
