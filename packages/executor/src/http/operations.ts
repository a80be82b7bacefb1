import { fixedLimits, RequestError, type Info } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './env.ts'

/** What the executor says of itself to every key; the key's limits are added. */
export type ExecutorInfo = Omit<Info, 'limits' | 'maxLimits'>

/** GET /livez: answers as long as the process serves requests at all. */
export function livez(): Handler<HttpEnv> {
  return function livez(c) {
    return c.json({ status: 'live' })
  }
}

/** GET /readyz: whether new executions are taken; a load balancer sends them elsewhere while it is a 503. */
export function readyz({ engine }: { engine: Pick<Engine, 'ready'> }): Handler<HttpEnv> {
  return function readyz(c) {
    if (engine.ready) return c.json({ status: 'ready' })
    throw new RequestError('OVERLOADED', 'The executor takes no executions now: it is starting, or shutting down.')
  }
}

/** GET /v1/info: versions, isolation, and the limits of the key that asks. */
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
