import { headers, retryRequestSchema, type AcceptedExecution } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { requireRight, requireRightOrOwner } from './rights.ts'

interface RetryOptions {
  readonly engine: Pick<Engine, 'find' | 'retry'>
  readonly guard: Pick<CallbackGuard, 'check'>
  /** Guard of the receivers of notifications. */
  readonly notifyGuard: Pick<CallbackGuard, 'check'>
}

const readBody = jsonBody({ schema: retryRequestSchema, maxBytes: bodyLimits.executionBytes, whenEmpty: {} })

/** Handles POST /v1/executions/:id/retry: runs the code of an execution again, as a new detached execution. */
export function retryExecution({
  engine,
  guard,
  notifyGuard,
}: RetryOptions): Handler<HttpEnv, '/executions/:id/retry'> {
  return async function retryExecution(c) {
    const { value: request } = await readBody(c.req.raw)
    if (request.callback !== undefined) guard.check(request.callback.url, { isDetached: true })
    if (request.notify !== undefined) notifyGuard.check(request.notify.url)
    const execution = await engine.find(c.get('principal').tenant, c.req.param('id'))
    requireRightOrOwner(c.get('principal'), 'operate', { execution, action: 'Retrying this execution' })
    if (request.code !== undefined || request.input !== undefined)
      requireRight(c.get('principal'), 'run', 'Retrying with other code or input')
    const sender = { principal: c.get('principal'), correlationId: c.get('correlationId') }
    const { id, status, correlationId } = await engine.retry(execution.id, { request, ...sender })
    c.header(headers.executionId, id)
    return c.json({ executionId: id, status, correlationId } satisfies AcceptedExecution, 201)
  }
}
