import type { HttpContext } from './http-context.ts'

/**
 * Sets a header of the response. It is set on Node's own response where there is one, so that it is also present when the
 * response bypasses hono.
 */
export function setResponseHeader(c: HttpContext, name: string, value: string): void {
  if (c.env?.outgoing) c.env.outgoing.setHeader(name, value)
  else c.header(name, value)
}
