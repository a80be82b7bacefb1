import type { Hono } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { ExecutorInfo } from '../executor-info.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { decideApproval } from './approvals-decide.ts'
import { listApprovals } from './approvals-list.ts'
import { replaceCallback } from './callback-replace.ts'
import { cancelExecution } from './cancel.ts'
import type { HttpEnv } from './http-context.ts'
import { streamEvents } from './events.ts'
import { countExecutions } from './executions-count.ts'
import { createExecution } from './executions-create.ts'
import { listExecutions } from './executions-list.ts'
import { readExecution } from './executions-read.ts'
import { replayExecution } from './executions-replay.ts'
import { retryExecution } from './executions-retry.ts'
import { wakeExecution } from './executions-wake.ts'
import { readJournal } from './journal.ts'
import { listNotifications, resendNotification } from './notifications.ts'
import { readInfo } from './operations.ts'
import { addSessionRoutes } from './sessions.ts'
import type { EventStreamOptions } from './sse.ts'
import { takeToolResults } from './tool-results.ts'

/** Options of the routes of the API. */
export interface ApiRoutesOptions {
  readonly engine: Engine
  readonly guard: Pick<CallbackGuard, 'check'>
  /** Guard of the receivers of notifications. */
  readonly notifyGuard: Pick<CallbackGuard, 'check'>
  /** Returns the current state of the executor. */
  readonly info: () => ExecutorInfo
  /** True if keys may not decide about executions of their own owner. */
  readonly forbidSelfApproval: boolean
  readonly streams: EventStreamOptions
}

/** Adds the routes of the API, which need a principal, to a router: that of `/v1`, or that of the console. */
export function addApiRoutes(router: Hono<HttpEnv>, options: ApiRoutesOptions): void {
  const { engine, guard, notifyGuard, info, forbidSelfApproval, streams } = options
  router.get('/info', readInfo({ info }))
  router.get('/executions', listExecutions({ engine }))
  router.get('/executions/counts', countExecutions({ engine }))
  const create = createExecution({ engine, guard, notifyGuard, ...streams })
  router.post('/executions', create)
  router.post('/sessions/:session/steps', create)
  addSessionRoutes(router, engine.sessions)
  router.get('/executions/:id', readExecution({ engine }))
  router.get('/executions/:id/events', streamEvents({ engine, ...streams }))
  router.get('/executions/:id/journal', readJournal({ engine }))
  router.post('/executions/:id/cancel', cancelExecution({ engine }))
  router.post('/executions/:id/tool-results', takeToolResults({ engine }))

  router.put('/executions/:id/callback', replaceCallback({ engine, guard }))
  router.get('/approvals', listApprovals({ engine }))
  router.post('/executions/:id/approvals/:callId', decideApproval({ engine, forbidSelfApproval }))
  router.post('/executions/:id/retry', retryExecution({ engine, guard, notifyGuard }))
  router.post('/executions/:id/replay', replayExecution({ engine }))
  router.post('/executions/:id/wake', wakeExecution({ engine }))

  router.get('/notifications', listNotifications({ engine }))
  router.post('/notifications/:id/resend', resendNotification({ engine }))
}
