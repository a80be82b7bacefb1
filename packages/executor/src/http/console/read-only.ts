import { RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { HttpEnv } from '../http-context.ts'
import { isWrite } from './is-write.ts'

/** Path of a replay, which changes nothing although it is a POST. */
const replayPath = /\/api\/executions\/[^/]+\/replay$/

/** Creates a middleware that refuses requests that change something. */
export function refuseWrites(): MiddlewareHandler<HttpEnv> {
  return async function refuseWrites(c, next) {
    if (isWrite(c) && !replayPath.test(c.req.path)) throw readOnly()
    await next()
  }
}

function readOnly(): RequestError {
  return new RequestError('FORBIDDEN', 'The console is read-only (CODEMODE_CONSOLE=read-only).', {
    suggestion: 'Send the request to /v1 with an API key, or ask the operator for CODEMODE_CONSOLE=on.',
  })
}
