import type { Logger } from 'pino'

import type { EngineObserver } from './engine/engine-observer.ts'

/** Returns the observer that writes the events of an engine to the log. */
export function logObserver(logger: Logger): EngineObserver {
  return {
    sandboxStarted({ tier }) {
      if (tier !== 'permissions') return
      logger.warn({ tier }, "sandbox processes are isolated by Node's permission model only; see docs/hardening.md")
    },
    sandboxProcessEnded(reason) {
      logger.warn({ reason }, 'a sandbox process ended unexpectedly')
    },
    tenantThrottled(tenant, throttledMs) {
      logger.warn(
        { tenant, throttledMs },
        'a tenant is throttled: its code crashed sandbox processes, or made the executor end them',
      )
    },
    executionFailedByBug(err, ids) {
      logger.error({ err, ...ids }, 'an execution failed because of a bug in the executor')
    },
    executionsNotRecorded(count) {
      logger.warn({ count }, 'attached executions were not recorded, because the store did not take them in time')
    },
  }
}
