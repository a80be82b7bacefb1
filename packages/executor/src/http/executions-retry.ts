import { headers, retryRequestSchema, type AcceptedExecution } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'

interface RetryOptions {
  readonly engine: Pick<Engine, 'retry'>
  readonly guard: Pick<CallbackGuard, 'check'>
}

const readBody = jsonBody({ schema: retryRequestSchema, maxBytes: bodyLimits.cancelBytes, whenEmpty: {} })

/** Handles POST /v1/executions/:id/retry: runs the code of a detached execution again, as a new execution. */
export function retryExecution({ engine, guard }: RetryOptions): Handler<HttpEnv, '/v1/executions/:id/retry'> {
  return async function retryExecution(c) {
    const { value: request } = await readBody(c.req.raw)
    if (request.callback !== undefined) guard.check(request.callback.url)
    const sender = { principal: c.get('principal'), correlationId: c.get('correlationId') }
    const { id, status, correlationId } = await engine.retry(c.req.param('id'), { request, ...sender })
    c.header(headers.executionId, id)
    return c.json({ executionId: id, status, correlationId } satisfies AcceptedExecution, 201)
  }
}
