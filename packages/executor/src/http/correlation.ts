import { correlationIdSchema, headers, newCorrelationId } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { HttpEnv } from './http-context.ts'
import { setResponseHeader } from './response-header.ts'

/**
 * Creates a middleware that gives every request a correlation id, its own if that is valid and otherwise a new one, and
 * sets it on the response.
 */
export function correlation(): MiddlewareHandler<HttpEnv> {
  return async function correlation(c, next) {
    const given = correlationIdSchema.safeParse(c.req.header(headers.correlationId))
    const correlationId = given.data ?? newCorrelationId()
    c.set('correlationId', correlationId)
    setResponseHeader(c, headers.correlationId, correlationId)
    await next()
  }
}
