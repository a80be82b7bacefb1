import { callbackSchema, headers, type AcceptedExecution } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { requireOwner } from './rights.ts'

interface ReplaceOptions {
  readonly engine: Pick<Engine, 'find' | 'setCallback'>
  readonly guard: Pick<CallbackGuard, 'check'>
}

const readBody = jsonBody({ schema: callbackSchema, maxBytes: bodyLimits.cancelBytes })

/** Handles PUT /v1/executions/:id/callback: replaces the callback by which tools of a detached execution are called. */
export function replaceCallback({ engine, guard }: ReplaceOptions): Handler<HttpEnv, '/executions/:id/callback'> {
  return async function replaceCallback(c) {
    const { value: callback } = await readBody(c.req.raw)
    guard.check(callback.url, { isDetached: true })
    const principal = c.get('principal')
    const execution = await engine.find(principal.tenant, c.req.param('id'))
    requireOwner(principal, { execution, action: 'Replacing the callback of this execution' })
    await engine.setCallback(principal.tenant, execution.id, callback)
    const { id, correlationId } = execution
    c.header(headers.executionId, id)
    return c.json({ executionId: id, correlationId } satisfies Omit<AcceptedExecution, 'status'>)
  }
}
