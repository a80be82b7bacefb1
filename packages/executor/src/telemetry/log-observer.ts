import type { ErrorCode } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'
import type { Logger } from 'pino'

import type { EngineObserver, ObservedExecution } from '../engine/engine-observer.ts'
import { FloodFilter } from './flood-filter.ts'

/** Codes of refusals whose messages may quote the request. */
const quotingCodes = new Set<ErrorCode>(['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', 'NOT_FOUND'])

/** Maximum length of the code of a failed tool call, which a tool may have made up. */
const maxCodeLength = 64

/** Returns the observer that writes the events of an engine to the log. */
export function logObserver(logger: Logger): Partial<EngineObserver> {
  const refusals = new FloodFilter()
  // Lines of executions and calls have fixed fields without secrets. To look for secrets in one takes longer than to write it.
  const plain = logger.child({}, { redact: [] })
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
    executionEnded({ execution, outcome, code, usage, toolCalls, warnings, sizes }) {
      if (!logger.isLevelEnabled('info')) return
      const { cpuMs, wallMs, queueMs, waitMs, turns, replays } = usage
      const line = {
        ...idsOf(execution),
        keyId: execution.keyId,
        label: execution.label,
        outcome,
        code,
        wallMs,
        cpuMs,
        queueMs,
        waitMs,
        turns,
        toolCalls,
        replays,
        warnings,
        codeBytes: sizes.code,
        inputBytes: sizes.input,
        resultBytes: sizes.result,
        journalBytes: sizes.journal,
      }
      plain.info(line, 'an execution has ended')
    },
    executionParked(execution, reason, code) {
      if (reason === 'attention') {
        logger.warn({ ...idsOf(execution), code }, 'an execution needs attention; see docs/operating.md')
      } else logger.debug({ ...idsOf(execution), waitsFor: reason }, 'an execution was parked')
    },
    executionTakenOver(execution) {
      logger.warn(idsOf(execution), 'an execution was taken over from a node that has left it')
    },
    executionLost(execution) {
      logger.warn(idsOf(execution), 'an execution was lost to another node, or because the store was away for too long')
    },
    toolCallEnded({ number, tool, status, errorCode, durationMs }, execution) {
      if (!logger.isLevelEnabled('debug')) return
      const { toolTransport: transport } = execution
      const call = {
        call: number,
        tool,
        transport,
        outcome: status,
        code: errorCode && textHead(errorCode, maxCodeLength),
        durationMs,
      }
      plain.debug({ ...idsOf(execution), ...call }, 'a tool call has ended')
    },
    requestRefused({ code, message, correlationId, tenant, keyId }) {
      // A bug is logged with its stack where it is caught.
      if (code === 'INTERNAL' || !logger.isLevelEnabled('info')) return
      const suppressed = refusals.next(`${code} ${tenant}`)
      if (suppressed === undefined) return
      const reason = quotingCodes.has(code) ? undefined : message
      const line = { correlationId, tenant, keyId, code, reason, ...(suppressed > 0 && { suppressed }) }
      plain.info(line, 'a request was refused')
    },
    executionFailedByBug(err, { executionId, correlationId }) {
      logger.error({ err, executionId, correlationId }, 'an execution failed because of a bug in the executor')
    },
    executionsNotRecorded(count) {
      logger.warn({ count }, 'attached executions were not recorded, because the store did not take them in time')
    },
  }
}

function idsOf({ executionId, correlationId, tenant, kind, session }: ObservedExecution) {
  return {
    executionId,
    correlationId,
    tenant,
    kind,
    ...(session !== undefined && { sessionId: session.id, step: session.step }),
  }
}
