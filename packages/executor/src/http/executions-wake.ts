import { headers, type AcceptedExecution } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { requireRightOrOwner } from './rights.ts'

/** Handles POST /v1/executions/:id/wake: tries to continue an execution that needs attention. An ended one is refused. */
export function wakeExecution({
  engine,
}: {
  engine: Pick<Engine, 'find' | 'wake'>
}): Handler<HttpEnv, '/executions/:id/wake'> {
  return async function wakeExecution(c) {
    const principal = c.get('principal')
    const execution = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'operate', { execution, action: 'Waking this execution' })
    const { id, status, correlationId } = await engine.wake(principal.tenant, c.req.param('id'))
    c.header(headers.executionId, id)
    return c.json({ executionId: id, status, correlationId } satisfies AcceptedExecution, 202)
  }
}
