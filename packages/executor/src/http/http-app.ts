import { Hono } from 'hono'
import type { Logger } from 'pino'

import type { Engine } from '../engine/engine.ts'
import type { ExecutorInfo } from '../executor-info.ts'
import type { KeyStore } from '../key-store.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { addApiRoutes } from './api-routes.ts'
import { bearerAuth } from './auth.ts'
import { createConsoleApp, type ConsoleOptions } from './console/console-app.ts'
import { correlation } from './correlation.ts'
import type { HttpEnv } from './http-context.ts'
import { respondToErrors, respondNotFound, type RefusalObserver } from './errors.ts'
import { readMetrics, type MetricsText } from './metrics.ts'
import { refuseOtherMethods } from './method-not-allowed.ts'
import { openapi } from './openapi.ts'
import { livez, readyz } from './operations.ts'
import { defaultStallMs } from './stalled-writes.ts'
import { traceContext } from './trace-context.ts'

interface HttpAppOptions {
  readonly engine: Engine
  readonly keys: KeyStore
  readonly guard: Pick<CallbackGuard, 'check'>
  /** Guard of the receivers of notifications. */
  readonly notifyGuard: Pick<CallbackGuard, 'check'>
  /** Returns the current state of the executor. */
  readonly info: () => ExecutorInfo
  readonly logger: Logger
  readonly observer: RefusalObserver
  readonly metrics: MetricsText
  /** Milliseconds without output after which an open response gets a heartbeat. */
  readonly heartbeatMs: number
  /** True if keys may not decide about executions of their own owner. */
  readonly forbidSelfApproval?: boolean
  readonly stallMs?: number
  /** Web console; absent if the executor has none. */
  readonly console?: ConsoleOptions | undefined
}

/** Creates the executor's HTTP API over an engine; `app.request()` serves it without a port. */
export function createHttpApp(options: HttpAppOptions): Hono<HttpEnv> {
  const { engine, keys, guard, notifyGuard, info, logger, observer, metrics } = options
  const { heartbeatMs, forbidSelfApproval = false, stallMs = defaultStallMs } = options
  const streams = { logger, heartbeatMs, stallMs }
  const routes = { engine, guard, notifyGuard, info, forbidSelfApproval, streams }
  const app = new Hono<HttpEnv>()
  app.onError(respondToErrors({ logger, observer }))
  app.notFound(respondNotFound({ observer, consolePath: options.console?.basePath }))

  app.use(correlation())
  app.get('/livez', livez())
  app.get('/readyz', readyz({ engine }))
  app.get('/openapi.json', openapi({ version: info().version }))
  app.use('/metrics', bearerAuth({ keys }))
  app.get('/metrics', readMetrics({ metrics }))

  app.use('/v1/*', bearerAuth({ keys }), traceContext())
  addApiRoutes(app.basePath('/v1'), routes)

  refuseOtherMethods(app, { observer })
  if (options.console !== undefined)
    app.route(options.console.basePath, createConsoleApp(options.console, { keys, routes, observer }))
  return app
}
