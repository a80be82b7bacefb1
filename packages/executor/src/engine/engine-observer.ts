import { emitWarning } from 'node:process'

import type { ExecutionErrorCode, RequestErrorCode, Usage } from '@codemode/shared'

import type { SandboxObserver } from '../sandbox/sandbox-observer.ts'
import type { StoreObserver } from '../store/store-observer.ts'
import type { CallState } from './state/call-table.ts'
import type { WaitReason } from './state/wait-reason.ts'

/** Ids of one execution, as logs and spans carry them. */
export interface ExecutionIds {
  readonly executionId: string
  readonly correlationId: string
}

/** Facts about one execution, the same in all its events. They contain neither its code nor its values. */
export interface ObservedExecution extends ExecutionIds {
  readonly tenant: string
  readonly keyId: string
  readonly label: string | undefined
  readonly kind: 'attached' | 'detached' | 'step'
  /** Session and number of a step. */
  readonly session: { readonly id: string; readonly step: number } | undefined
  /** Transport of the tool calls. */
  readonly toolTransport: 'callback' | 'stream'
}

/** End of an execution. */
export interface ExecutionEnd {
  readonly execution: ObservedExecution
  readonly outcome: 'completed' | 'failed' | 'cancelled'
  readonly code: ExecutionErrorCode | undefined
  readonly usage: Usage
  readonly toolCalls: number
  readonly warnings: number
  readonly sizes: ExecutionSizes
}

/** Sizes in bytes of the code, the input, the value and the journal of an execution. */
export interface ExecutionSizes {
  readonly code: number
  readonly input: number
  /** Size of the value; 0 for an execution that has none. */
  readonly result: number
  readonly journal: number
}

/** Tool call that was answered, or that ended with its execution. */
export type ToolCallEnd = Pick<CallState, 'number' | 'tool' | 'status' | 'errorCode' | 'sentAt' | 'durationMs'>

/** Request that was answered with an error; INTERNAL after a bug. */
export interface Refusal {
  readonly code: RequestErrorCode
  readonly message: string
  readonly correlationId: string
  /** Tenant and id of the API key; undefined for a request without a valid key. */
  readonly tenant: string | undefined
  readonly keyId: string | undefined
}

/** Isolation of the sandbox processes: its tier, and the mechanisms that enforce it. */
export interface Isolation {
  readonly tier: string
  readonly layers: readonly string[]
}

/**
 * Observer of an engine, its sandbox processes and its store. Its methods are named after the events; logs and metrics
 * implement those that they report. The values that an observer returns or throws have no effect on the engine. Each event is
 * reported by the node that caused it, so sums over all nodes count each one once.
 */
export interface EngineObserver extends SandboxObserver, StoreObserver {
  /** Called once, when the first sandbox process is ready. */
  sandboxStarted(isolation: Isolation): void
  /** Called when an execution begins for the first time. */
  executionStarted(execution: ObservedExecution): void
  /** Called when the end of an execution is committed, also of one that never began. */
  executionEnded(end: ExecutionEnd): void
  /** Called when an execution was parked; with the code of the failure if it needs attention. */
  executionParked(execution: ObservedExecution, reason: WaitReason, code: ExecutionErrorCode | undefined): void
  /** Called when this node claims an execution whose previous claim has not parked it, for example after a crash. */
  executionTakenOver(execution: ObservedExecution): void
  /** Called when this node loses an execution, because another node has claimed it or the store was away for too long. */
  executionLost(execution: ObservedExecution): void
  /** Called when a tool call has its answer, or has ended with its execution. */
  toolCallEnded(call: ToolCallEnd, execution: ObservedExecution): void
  /** Called when a request was answered with an error, before the answer is sent. */
  requestRefused(refusal: Refusal): void
  /** Called after each attempt to deliver a notification. */
  notificationAttempted(isDelivered: boolean): void
  /** Called with the error of a bug that has ended an execution with `INTERNAL`, or has made this node leave it. */
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
    sandboxProcessStarted: () => notifyAll((observer) => observer.sandboxProcessStarted?.()),
    sandboxProcessEnded: (reason) => notifyAll((observer) => observer.sandboxProcessEnded?.(reason)),
    guestsEvicted: (count) => notifyAll((observer) => observer.guestsEvicted?.(count)),
    tenantThrottled: (tenant, throttledMs) => notifyAll((observer) => observer.tenantThrottled?.(tenant, throttledMs)),
    storeCallEnded: (call) => notifyAll((observer) => observer.storeCallEnded?.(call)),
    notificationsAbandoned: (count) => notifyAll((observer) => observer.notificationsAbandoned?.(count)),
    executionStarted: (execution) => notifyAll((observer) => observer.executionStarted?.(execution)),
    executionEnded: (end) => notifyAll((observer) => observer.executionEnded?.(end)),
    executionParked: (...parked) => notifyAll((observer) => observer.executionParked?.(...parked)),
    executionTakenOver: (execution) => notifyAll((observer) => observer.executionTakenOver?.(execution)),
    executionLost: (execution) => notifyAll((observer) => observer.executionLost?.(execution)),
    toolCallEnded: (call, execution) => notifyAll((observer) => observer.toolCallEnded?.(call, execution)),
    requestRefused: (refusal) => notifyAll((observer) => observer.requestRefused?.(refusal)),
    notificationAttempted: (isDelivered) => notifyAll((observer) => observer.notificationAttempted?.(isDelivered)),
    executionFailedByBug: (error, ids) => notifyAll((observer) => observer.executionFailedByBug?.(error, ids)),
    executionsNotRecorded: (count) => notifyAll((observer) => observer.executionsNotRecorded?.(count)),
  }
}
