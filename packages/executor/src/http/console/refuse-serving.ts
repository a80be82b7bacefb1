import { RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { HttpEnv } from '../http-context.ts'

/**
 * Creates a middleware for event streams that refuses to serve tool calls. The console has no tools, and a reader that serves
 * keeps every client from it.
 */
export function refuseServing(): MiddlewareHandler<HttpEnv> {
  return async function refuseServing(c, next) {
    if (c.req.query('serve') !== undefined) {
      throw new RequestError('FORBIDDEN', 'The console does not serve tool calls (serve), because it has no tools.', {
        suggestion:
          'Read the events without serve. A client of the owner serves the calls with codemode.resume(executionId).',
      })
    }
    await next()
  }
}
