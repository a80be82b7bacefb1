import { headers } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { jsonResponse } from './json-response.ts'
import { setResponseHeader } from './response-header.ts'
import { requireRightOrOwner } from './rights.ts'

/**
 * Handles GET /v1/executions/:id: responds with the state of the execution, and with its result if there is one. The entity tag
 * counts the entries of the journal, so that who polls the state does not have it made again before there is another entry.
 */
export function readExecution({ engine }: { engine: Pick<Engine, 'find'> }): Handler<HttpEnv, '/executions/:id'> {
  return async function readExecution(c) {
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'read', { execution: handle, action: 'Reading this execution' })
    // It is counted before the record is made, which may have more entries: then the next request gets the same record again.
    const tag = `W/"${await handle.countEntries()}"`
    setResponseHeader(c, 'etag', tag)
    if (c.req.header('if-none-match') === tag) {
      setResponseHeader(c, headers.executionId, handle.id)
      return c.body(null, 304)
    }
    return jsonResponse(c, handle.id, { json: await handle.record() })
  }
}
