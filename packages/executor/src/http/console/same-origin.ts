// Refuses requests that pages of other sites cause in a browser (cross-site request forgery), besides the cookie's SameSite.
import { RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { HttpContext, HttpEnv } from '../http-context.ts'
import { isWrite } from './is-write.ts'

/**
 * Creates a middleware that refuses requests from pages of other origins, and writes that are not known to come from the
 * console. Hono's own middleware lets requests with JSON pass.
 */
export function requireSameOrigin(): MiddlewareHandler<HttpEnv> {
  return async function requireSameOrigin(c, next) {
    const site = c.req.header('sec-fetch-site')
    if (site === 'cross-site' || site === 'same-site') throw otherOrigin('It was sent by a page of another origin.')
    if (isWrite(c) && site !== 'same-origin' && !(site === undefined && hasOwnOrigin(c)))
      throw otherOrigin('It does not say that it was sent by a page of this origin.')
    await next()
  }
}

/** Returns whether the origin has the host of the request: browsers send no `sec-fetch-site` over plain HTTP. */
function hasOwnOrigin(c: HttpContext): boolean {
  const origin = c.req.header('origin')
  const host = c.req.header('host')
  return origin !== undefined && host !== undefined && URL.parse(origin)?.host === host.toLowerCase()
}

function otherOrigin(reason: string): RequestError {
  return new RequestError('FORBIDDEN', `The API of the console refuses the request. ${reason}`, {
    suggestion:
      'Use the console at its own address. A proxy must pass on the headers sec-fetch-site, origin and host. Programs use /v1 with an API key.',
  })
}
