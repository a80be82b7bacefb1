import { RequestError } from '@codemode/shared'
import type { Hono } from 'hono'

import { refuse, type RefusalObserver } from './errors.ts'
import type { HttpEnv } from './http-context.ts'

/**
 * Adds responses with 405 and `allow` (RFC 9110, section 15.5.6) for the other methods of every route. Must be called
 * after the last route was added.
 */
export function refuseOtherMethods(app: Hono<HttpEnv>, { observer }: { observer: RefusalObserver }): void {
  for (const [path, methods] of methodsByPath(app)) {
    const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
    app.all(path, function methodNotAllowed(c) {
      c.header('allow', allow)
      const message = `${c.req.method} is not allowed on ${c.req.path}; allowed: ${allow}.`
      return refuse(c, new RequestError('INVALID_REQUEST', message), { observer, status: 405 })
    })
  }
}

/** Returns the paths of the routes with their methods, without middlewares. */
export function methodsByPath(app: Hono<HttpEnv>): Map<string, string[]> {
  const routes = app.routes.filter(({ method }) => method !== 'ALL')
  return new Map(
    [...Map.groupBy(routes, ({ path }) => path)].map(([path, same]) => [path, same.map(({ method }) => method)]),
  )
}
