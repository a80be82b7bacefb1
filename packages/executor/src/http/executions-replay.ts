import { headers, type ReplayVerdict } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { requireRightOrOwner } from './rights.ts'

/** Handles POST /v1/executions/:id/replay: replays the journal now, and responds with the verdict. Changes nothing. */
export function replayExecution({
  engine,
}: {
  engine: Pick<Engine, 'find' | 'replay'>
}): Handler<HttpEnv, '/executions/:id/replay'> {
  return async function replayExecution(c) {
    const principal = c.get('principal')
    const execution = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'read', { execution, action: 'Replaying this execution' })
    c.header(headers.executionId, execution.id)
    c.header('cache-control', 'no-store')
    return c.json((await engine.replay(principal.tenant, execution, c.req.raw.signal)) satisfies ReplayVerdict)
  }
}
