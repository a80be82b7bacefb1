import { fixedLimits, RequestError, type Info } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { ExecutorInfo } from '../executor-info.ts'
import type { HttpEnv } from './http-context.ts'

/** Handles GET /livez: responds while the process serves requests. */
export function livez(): Handler<HttpEnv> {
  return function livez(c) {
    return c.json({ status: 'live' })
  }
}

/**
 * Handles GET /readyz: responds with 503 while new executions are refused, so that a load balancer sends them
 * to another executor.
 */
export function readyz({ engine }: { engine: Pick<Engine, 'readiness'> }): Handler<HttpEnv> {
  return function readyz(c) {
    switch (engine.readiness) {
      case 'ready':
        return c.json({ status: 'ready' })
      case 'no-sandbox-process':
        throw new RequestError('OVERLOADED', 'The executor accepts no executions: no sandbox process is ready.')
      case 'shutting-down':
        throw new RequestError('SHUTTING_DOWN', 'The executor accepts no executions: it is shutting down.')
    }
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
