import { emitWarning } from 'node:process'

import type { SandboxObserver } from '../sandbox/sandbox-observer.ts'

/** Ids of one execution, as logs and spans carry them. */
export interface ExecutionIds {
  readonly executionId: string
  readonly correlationId: string
}

/** Isolation of the sandbox processes: its tier, and the mechanisms that enforce it. */
export interface Isolation {
  readonly tier: string
  readonly layers: readonly string[]
}

/**
 * Observer of an engine and its sandbox processes. Its methods are named after the events; logs, metrics and spans
 * implement those that they report. The values that an observer returns or throws have no effect on the engine.
 */
export interface EngineObserver extends SandboxObserver {
  /** Called once, when the first sandbox process is ready. */
  sandboxStarted(isolation: Isolation): void
  /** Called with the error of a bug that has ended an execution with `INTERNAL`. */
  executionFailedByBug(error: unknown, ids: ExecutionIds): void
  /** Called at most every few seconds with the number of attached executions that the store did not take in time. */
  executionsNotRecorded(count: number): void
}

/**
 * Returns an observer that passes each event to all given observers. If one throws, a warning of the process says so,
 * and the others are still called.
 */
export function combineObservers(observers: readonly Partial<EngineObserver>[]): EngineObserver {
  function notifyAll(notify: (observer: Partial<EngineObserver>) => void): void {
    for (const observer of observers) {
      try {
        notify(observer)
      } catch (error) {
        const reason = error instanceof Error ? error.message : `a value of type ${typeof error}`
        emitWarning(`An observer of the engine threw: ${reason}`, 'ObserverWarning')
      }
    }
  }
  return {
    sandboxStarted: (isolation) => notifyAll((observer) => observer.sandboxStarted?.(isolation)),
    sandboxProcessEnded: (reason) => notifyAll((observer) => observer.sandboxProcessEnded?.(reason)),
    tenantThrottled: (tenant, throttledMs) => notifyAll((observer) => observer.tenantThrottled?.(tenant, throttledMs)),
    executionFailedByBug: (error, ids) => notifyAll((observer) => observer.executionFailedByBug?.(error, ids)),
    executionsNotRecorded: (count) => notifyAll((observer) => observer.executionsNotRecorded?.(count)),
  }
}
