import { headers } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'

/** Handles GET /v1/executions/:id/journal: responds with the journal, from which the execution can be replayed. */
export function readJournal({
  engine,
}: {
  engine: Pick<Engine, 'find'>
}): Handler<HttpEnv, '/v1/executions/:id/journal'> {
  return async function readJournal(c) {
    const handle = await engine.find(c.get('principal').tenant, c.req.param('id'))
    c.header(headers.executionId, handle.id)
    c.header('cache-control', 'no-store')
    return c.json(await handle.journal())
  }
}
