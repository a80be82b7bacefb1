import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { jsonResponse } from './json-response.ts'
import { requireRightOrOwner } from './rights.ts'

/** Handles GET /v1/executions/:id: responds with the state of the execution, and with its result if there is one. */
export function readExecution({ engine }: { engine: Pick<Engine, 'find'> }): Handler<HttpEnv, '/executions/:id'> {
  return async function readExecution(c) {
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'read', { execution: handle, action: 'Reading this execution' })
    return jsonResponse(c, handle.id, { json: await handle.record() })
  }
}
