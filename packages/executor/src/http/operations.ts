import { fixedLimits, RequestError, type Info } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './env.ts'

/** Information about the executor that is the same for every key; the limits of the key are added. */
export type ExecutorInfo = Omit<Info, 'limits' | 'maxLimits'>

/** Handles GET /livez: responds for as long as the process serves requests at all. */
export function livez(): Handler<HttpEnv> {
  return function livez(c) {
    return c.json({ status: 'live' })
  }
}

/**
 * Handles GET /readyz: responds with 503 while new executions are refused, so that a load balancer sends them
 * elsewhere.
 */
export function readyz({ engine }: { engine: Pick<Engine, 'ready'> }): Handler<HttpEnv> {
  return function readyz(c) {
    if (engine.ready) return c.json({ status: 'ready' })
    throw new RequestError('OVERLOADED', 'The executor takes no executions now: it is starting, or shutting down.')
  }
}

/** Handles GET /v1/info: responds with versions, isolation, and the limits of the caller's key. */
export function readInfo({ info }: { info: () => ExecutorInfo }): Handler<HttpEnv> {
  return function readInfo(c) {
    const { defaultLimits, maxLimits } = c.get('principal')
    return c.json({
      ...info(),
      limits: { ...defaultLimits, ...fixedLimits },
      maxLimits: { ...maxLimits },
    } satisfies Info)
  }
}
