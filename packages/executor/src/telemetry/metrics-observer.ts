import { codesOfKind, type ErrorCode } from '@codemode/shared'
import { isErrorCode } from '@codemode/shared/internal'

import type { EngineObserver } from '../engine/engine-observer.ts'
import { waitReasons } from '../engine/state/wait-reason.ts'
import type { Metrics } from './metrics.ts'

const msPerSecond = 1_000

/** Returns the observer that counts the events of an engine. */
export function metricsObserver(metrics: Metrics): Partial<EngineObserver> {
  addZeros(metrics)
  return {
    sandboxStarted({ tier }) {
      metrics.set('isolation', { tier }, 1)
    },
    sandboxProcessStarted() {
      metrics.add('sandboxProcessesStarted', {})
    },
    sandboxProcessEnded() {
      metrics.add('sandboxProcessesFailed', {})
    },
    guestsEvicted(count) {
      metrics.add('guestsEvicted', {}, count)
    },
    tenantThrottled() {
      metrics.add('tenantThrottlings', {})
    },
    storeCallEnded({ operation, durationMs, isFailed }) {
      const outcome = isFailed ? 'failed' : 'completed'
      metrics.observe('storeCallDuration', { operation, outcome }, durationMs / msPerSecond)
    },
    executionStarted({ kind }) {
      metrics.add('executionsStarted', { kind })
    },
    executionEnded({ execution: { kind }, outcome, code, usage, sizes }) {
      metrics.add('executions', { kind, outcome, code: code ?? 'none' })
      const { cpuMs, wallMs, queueMs, waitMs, replays } = usage
      metrics.observe('executionDuration', { kind, clock: 'wall' }, wallMs / msPerSecond)
      metrics.observe('executionDuration', { kind, clock: 'cpu' }, cpuMs / msPerSecond)
      metrics.observe('executionDuration', { kind, clock: 'queue' }, queueMs / msPerSecond)
      metrics.observe('executionDuration', { kind, clock: 'wait' }, waitMs / msPerSecond)
      metrics.add('executionBytes', { of: 'code' }, sizes.code)
      metrics.add('executionBytes', { of: 'input' }, sizes.input)
      metrics.add('executionBytes', { of: 'result' }, sizes.result)
      metrics.add('executionBytes', { of: 'journal' }, sizes.journal)
      if (replays > 0) metrics.add('replays', {}, replays)
      if (code === 'REPLAY_DIVERGED') metrics.add('divergences', {})
    },
    executionParked(_execution, reason, code) {
      metrics.add('executionsParked', { reason })
      if (code === 'REPLAY_DIVERGED') metrics.add('divergences', {})
    },
    executionTakenOver() {
      metrics.add('executionsTakenOver', {})
    },
    executionLost() {
      metrics.add('executionsLost', {})
    },
    toolCallEnded({ status, errorCode, sentAt, durationMs }, { toolTransport: transport }) {
      metrics.add('toolCalls', { transport, outcome: status, code: boundedCode(errorCode) })
      if (sentAt !== undefined) metrics.observe('toolCallDuration', { transport }, durationMs / msPerSecond)
    },
    requestRefused({ code }) {
      metrics.add('requestsRefused', { code })
    },
    notificationAttempted(isDelivered) {
      metrics.add('notifications', { outcome: isDelivered ? 'delivered' : 'failed' })
    },
    notificationsAbandoned(count) {
      metrics.add('notifications', { outcome: 'abandoned' }, count)
    },
    executionFailedByBug() {
      metrics.add('executionsFailedByBug', {})
    },
    executionsNotRecorded(count) {
      metrics.add('executionsNotRecorded', {}, count)
    },
  }
}

/**
 * Adds the series of rare events with the value 0. Prometheus sees no increase in a series that begins with its first event,
 * so an alert would miss that event.
 */
function addZeros(metrics: Metrics): void {
  for (const reason of waitReasons) metrics.add('executionsParked', { reason }, 0)
  for (const outcome of ['delivered', 'failed', 'abandoned']) metrics.add('notifications', { outcome }, 0)
  for (const code of codesOfKind('request')) metrics.add('requestsRefused', { code }, 0)
}

/** Returns a code of the table of error codes, in place of one that a handler has made up. */
function boundedCode(code: string | undefined): ErrorCode | 'none' | 'other' {
  if (code === undefined) return 'none'
  return isErrorCode(code) ? code : 'other'
}
