import { correlationIdSchema, headers, newCorrelationId } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { HttpEnv } from './env.ts'

/** Gives every request a correlation id, its own if that is valid and else a new one, and echoes it on every answer. */
export function correlation(): MiddlewareHandler<HttpEnv> {
  return async function correlation(c, next) {
    const given = correlationIdSchema.safeParse(c.req.header(headers.correlationId))
    const correlationId = given.data ?? newCorrelationId()
    c.set('correlationId', correlationId)
    // On Node's own response, so that it is there too when the answer goes past hono.
    if (c.env?.outgoing) c.env.outgoing.setHeader(headers.correlationId, correlationId)
    else c.header(headers.correlationId, correlationId)
    await next()
  }
}
