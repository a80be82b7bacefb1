import { headers } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './env.ts'
import { jsonAnswer } from './json-answer.ts'

/**
 * GET /v1/executions/:id: the status of the execution, and its result if there is one. A client that says how long it will
 * still wait, and has the key that submitted the execution, is not gone although it holds no connection.
 */
export function readExecution({ engine }: { engine: Pick<Engine, 'find'> }): Handler<HttpEnv, '/v1/executions/:id'> {
  return function readExecution(c) {
    const { tenant, keyId } = c.get('principal')
    const handle = engine.find(tenant, c.req.param('id'))
    if (handle.keyId === keyId && c.req.header(headers.timeoutMs) !== undefined) handle.touch()
    return jsonAnswer(c, handle.id, handle.record())
  }
}
