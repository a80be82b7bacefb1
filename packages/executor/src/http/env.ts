import type { Context } from 'hono'

import type { Principal } from '../engine/principal.ts'

/** What the middlewares leave for the routes. */
export interface HttpEnv {
  Variables: { correlationId: string; principal: Principal }
}

export type HttpContext = Context<HttpEnv>
