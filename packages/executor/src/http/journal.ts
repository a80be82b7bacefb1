import { headers, journalQuerySchema } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { readQuery } from './read-query.ts'
import { requireRightOrOwner } from './rights.ts'

/** Handles GET /v1/executions/:id/journal: responds with the journal, or its entries after the first ones. */
export function readJournal({ engine }: { engine: Pick<Engine, 'find'> }): Handler<HttpEnv, '/executions/:id/journal'> {
  return async function readJournal(c) {
    const { after } = readQuery(c, journalQuerySchema)
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'read', { execution: handle, action: 'Reading the journal of this execution' })
    c.header(headers.executionId, handle.id)
    c.header('cache-control', 'no-store')
    return c.json(await handle.journal(after))
  }
}
