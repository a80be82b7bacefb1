import { headers, type AcceptedExecution } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'

/** Handles POST /v1/executions/:id/wake: tries to continue an execution that needs attention. */
export function wakeExecution({
  engine,
}: {
  engine: Pick<Engine, 'wake'>
}): Handler<HttpEnv, '/v1/executions/:id/wake'> {
  return async function wakeExecution(c) {
    const { id, status, correlationId } = await engine.wake(c.get('principal').tenant, c.req.param('id'))
    c.header(headers.executionId, id)
    return c.json({ executionId: id, status, correlationId } satisfies AcceptedExecution, 202)
  }
}
