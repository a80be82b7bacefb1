import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { jsonResponse } from './json-response.ts'

/** Handles GET /v1/executions/:id: responds with the state of the execution, and with its result if there is one. */
export function readExecution({ engine }: { engine: Pick<Engine, 'find'> }): Handler<HttpEnv, '/v1/executions/:id'> {
  return async function readExecution(c) {
    const handle = await engine.find(c.get('principal').tenant, c.req.param('id'))
    return jsonResponse(c, handle.id, await handle.record())
  }
}
