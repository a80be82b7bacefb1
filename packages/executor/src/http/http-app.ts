import { Hono } from 'hono'
import type { Logger } from 'pino'

import type { Engine } from '../engine/engine.ts'
import type { KeyStore } from '../key-store.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { decideApproval } from './approvals-decide.ts'
import { listApprovals } from './approvals-list.ts'
import { bearerAuth } from './auth.ts'
import { replaceCallback } from './callback-replace.ts'
import { cancelExecution } from './cancel.ts'
import { correlation } from './correlation.ts'
import type { HttpEnv } from './http-context.ts'
import { respondToErrors, respondNotFound, type RefusalObserver } from './errors.ts'
import { streamEvents } from './events.ts'
import { createExecution } from './executions-create.ts'
import { listExecutions } from './executions-list.ts'
import { readExecution } from './executions-read.ts'
import { retryExecution } from './executions-retry.ts'
import { wakeExecution } from './executions-wake.ts'
import { readJournal } from './journal.ts'
import { readMetrics, type MetricsText } from './metrics.ts'
import { refuseOtherMethods } from './method-not-allowed.ts'
import { listNotifications, resendNotification } from './notifications.ts'
import { openapi } from './openapi.ts'
import { livez, readInfo, readyz, type ExecutorInfo } from './operations.ts'
import { addSessionRoutes } from './sessions.ts'
import { defaultStallMs } from './stalled-writes.ts'
import { takeToolResults } from './tool-results.ts'
import { traceContext } from './trace-context.ts'

interface HttpAppOptions {
  readonly engine: Engine
  readonly keys: Pick<KeyStore, 'find'>
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
  /** Whether keys may not decide about executions of their own owner. */
  readonly forbidSelfApproval?: boolean
  readonly stallMs?: number
}

/** Creates the executor's HTTP API over an engine; `app.request()` serves it without a port. */
export function createHttpApp(options: HttpAppOptions): Hono<HttpEnv> {
  const { engine, keys, guard, notifyGuard, info, logger, observer, metrics } = options
  const { heartbeatMs, forbidSelfApproval = false, stallMs = defaultStallMs } = options
  const streams = { logger, heartbeatMs, stallMs }
  const app = new Hono<HttpEnv>()
  app.onError(respondToErrors({ logger, observer }))
  app.notFound(respondNotFound({ observer }))

  app.use(correlation())
  app.get('/livez', livez())
  app.get('/readyz', readyz({ engine }))
  app.get('/openapi.json', openapi({ version: info().version }))
  app.use('/metrics', bearerAuth({ keys }))
  app.get('/metrics', readMetrics({ metrics }))

  app.use('/v1/*', bearerAuth({ keys }), traceContext())
  app.get('/v1/info', readInfo({ info }))
  app.get('/v1/executions', listExecutions({ engine }))
  const create = createExecution({ engine, guard, notifyGuard, ...streams })
  app.post('/v1/executions', create)
  app.post('/v1/sessions/:session/steps', create)
  addSessionRoutes(app, engine.sessions)
  app.get('/v1/executions/:id', readExecution({ engine }))
  app.get('/v1/executions/:id/events', streamEvents({ engine, ...streams }))
  app.get('/v1/executions/:id/journal', readJournal({ engine }))
  app.post('/v1/executions/:id/cancel', cancelExecution({ engine }))
  app.post('/v1/executions/:id/tool-results', takeToolResults({ engine }))

  app.put('/v1/executions/:id/callback', replaceCallback({ engine, guard }))
  app.get('/v1/approvals', listApprovals({ engine }))
  app.post('/v1/executions/:id/approvals/:callId', decideApproval({ engine, forbidSelfApproval }))
  app.post('/v1/executions/:id/retry', retryExecution({ engine, guard, notifyGuard }))
  app.post('/v1/executions/:id/wake', wakeExecution({ engine }))

  app.get('/v1/notifications', listNotifications({ engine }))
  app.post('/v1/notifications/:id/resend', resendNotification({ engine }))

  refuseOtherMethods(app, { observer })
  return app
}
