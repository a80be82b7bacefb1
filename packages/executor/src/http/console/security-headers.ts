import type { MiddlewareHandler } from 'hono'

import type { HttpEnv } from '../http-context.ts'
import { setResponseHeader } from '../response-header.ts'

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

/**
 * Creates a middleware that sets the headers by which browsers isolate the console from other sites and from content that
 * guests have written. Hono's own middleware sets them on its response, which not all routes use.
 */
export function isolateFromOtherSites(): MiddlewareHandler<HttpEnv> {
  return async function isolateFromOtherSites(c, next) {
    for (const [name, value] of Object.entries(securityHeaders)) setResponseHeader(c, name, value)
    await next()
  }
}
