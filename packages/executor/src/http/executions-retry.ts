import { headers, retryRequestSchema, type AcceptedExecution, type RetryRequest } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine, ExecutionHandle } from '../engine/engine.ts'
import { isEdited } from '../engine/journal-header.ts'
import type { Principal } from '../engine/principal.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { requireOwner, requireRight, requireRightOrOwner } from './rights.ts'

interface RetryOptions {
  readonly engine: Pick<Engine, 'find' | 'retry'>
  readonly guard: Pick<CallbackGuard, 'check'>
  /** Guard of the receivers of notifications. */
  readonly notifyGuard: Pick<CallbackGuard, 'check'>
}

const readBody = jsonBody({
  schema: retryRequestSchema,
  maxBytes: bodyLimits.executionBytes,
  whenEmpty: {},
  refusesInexactNumbers: true,
})

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
    checkRights(c.get('principal'), execution, request)
    const sender = { principal: c.get('principal'), correlationId: c.get('correlationId') }
    const { id, status, correlationId } = await engine.retry(execution.id, { request, ...sender })
    c.header(headers.executionId, id)
    return c.json({ executionId: id, status, correlationId } satisfies AcceptedExecution, 201)
  }
}

/**
 * Throws `RequestError` FORBIDDEN if the key may not retry the execution in this way. With other code or input the new execution
 * belongs to the sender, who can make it show the rest of what the execution had. Otherwise it belongs to the owner of the
 * execution, so only that owner may say who answers its tool calls and who is notified.
 */
function checkRights(
  principal: Principal,
  execution: Pick<ExecutionHandle, 'id' | 'owner'>,
  request: RetryRequest,
): void {
  requireRightOrOwner(principal, 'operate', { execution, action: 'Retrying this execution' })
  if (isEdited(request)) {
    const action = 'Retrying with other code or input'
    requireRight(principal, 'run', action)
    requireRightOrOwner(principal, 'read', { execution, action })
  } else if (request.callback !== undefined || request.notify !== undefined)
    requireOwner(principal, {
      execution,
      action: 'Retrying this execution with a callback or a receiver of notifications',
    })
}
