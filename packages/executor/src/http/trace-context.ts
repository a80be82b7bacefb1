import { context, propagation } from '@opentelemetry/api'
import type { MiddlewareHandler } from 'hono'

import type { HttpEnv } from './http-context.ts'

/** Creates a middleware that makes the client's span, from `traceparent`, the parent of all spans of the request. */
export function traceContext(): MiddlewareHandler<HttpEnv> {
  return async function traceContext(c, next) {
    const parent = propagation.extract(context.active(), c.req.raw.headers, {
      get: (headers, name) => headers.get(name) ?? undefined,
      keys: (headers) => [...headers.keys()],
    })
    await context.with(parent, next)
  }
}
