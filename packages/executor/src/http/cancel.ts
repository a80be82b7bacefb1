import { cancelRequestSchema } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { jsonResponse } from './json-response.ts'
import { requireRightOrOwner } from './rights.ts'

const readBody = jsonBody({ schema: cancelRequestSchema, maxBytes: bodyLimits.cancelBytes, whenEmpty: {} })

/** Handles POST /v1/executions/:id/cancel: stops the guest and its tool calls. An ended execution stays as it is. */
export function cancelExecution({
  engine,
}: {
  engine: Pick<Engine, 'find'>
}): Handler<HttpEnv, '/executions/:id/cancel'> {
  return async function cancelExecution(c) {
    const { value } = await readBody(c.req.raw)
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'operate', { execution: handle, action: 'Cancelling this execution' })
    await handle.cancel(value.reason)
    return jsonResponse(c, handle.id, { json: await handle.record() })
  }
}
