import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

import type { Principal } from '../engine/principal.ts'

/** Bindings that the server gives to the routes, if there is one, and variables that the middlewares set for them. */
export interface HttpEnv {
  Bindings: Partial<HttpBindings>
  Variables: {
    correlationId: string
    principal: Principal
    /** Authenticates the request again, for a response that takes long. Rejects with `RequestError` UNAUTHORIZED. */
    authenticate: () => Promise<Principal>
  }
}

export type HttpContext = Context<HttpEnv>
