import {
  errorCodes,
  type ExecutionErrorCode,
  type ExecutionFailure,
  type JsonObject,
  type RequestError,
} from '@codemode/shared'

import type { TurnOutcome } from '../../sandbox/sandbox.ts'
import type { ExecutionLimits } from '../limits.ts'

/** Wall-clock timeout of a run: its own limit or the remaining time of the client's request, whichever is shorter. */
export interface WallTimeout {
  readonly layer: 'execution' | 'request'
  readonly option: 'executionTimeoutMs' | 'requestTimeoutMs' | 'expiresAfterMs'
  readonly timeoutMs: number
}

/** Returns the failure for an ending that the host decided, in the form of the result and the journal. */
export function failure(error: {
  readonly code: ExecutionErrorCode
  readonly message: string
  readonly name?: string | undefined
  readonly details?: JsonObject | undefined
  readonly hint?: string | undefined
}): ExecutionFailure {
  const { code, message, name = 'ExecutionError', details, hint } = error
  return {
    code,
    name,
    message,
    retryable: errorCodes[code].retryable,
    ...(details !== undefined && { details }),
    ...(hint !== undefined && { hint }),
  }
}

/** Returns the failure of an execution that was cancelled. */
export function cancelled(reason: string | undefined): ExecutionFailure {
  const message = reason === undefined ? 'The execution was cancelled' : `The execution was cancelled: ${reason}`
  return failure({ code: 'CANCELLED', name: 'AbortError', message })
}

/** Returns the failure of an execution whose wall-clock timeout has expired. */
export function executionTimeout({ layer, option, timeoutMs }: WallTimeout, hint?: string): ExecutionFailure {
  const message = `The execution did not end within ${timeoutMs} ms of wall time (${option}). Do less in one execution, or raise ${option}.`
  const details = { layer, timeoutMs, option }
  return failure({ code: 'EXECUTION_TIMEOUT', name: 'TimeoutError', message, details, hint })
}

/** Returns the failure of an execution whose wall-clock timeout has expired before the store has taken it over. */
export function notStoredForApproval({ layer, option, timeoutMs }: WallTimeout): ExecutionFailure {
  const message =
    `The execution waits for an approval, and the store, which keeps an execution until the decision, did not take it over ` +
    `within ${timeoutMs} ms of wall time (${option}). If the store is not available, the log of the executor says why.`
  return failure({ code: 'EXECUTION_TIMEOUT', name: 'TimeoutError', message, details: { layer, timeoutMs, option } })
}

/** Returns the failure of an accepted step that admission control has refused. Its code has not run. */
export function notAdmitted({ code, message, details }: RequestError): ExecutionFailure {
  if (code !== 'QUEUE_TIMEOUT') return cancelled(message)
  return failure({ code: 'EXECUTION_TIMEOUT', name: 'TimeoutError', message, details })
}

/** Returns the failure of an execution that several nodes have claimed without progress. */
export function claimedWithoutProgress(nodes: number): ExecutionFailure {
  const message = `The last ${nodes} nodes that ran the execution ended without progress, probably because of this code`
  return failure({ code: 'SANDBOX_CRASHED', message, details: { nodes } })
}

/** Returns the failure of an execution that a person has ended by rejecting a tool call. */
export function endedByRejection(tool: string, reason: string): ExecutionFailure {
  return failure({
    code: 'APPROVAL_REJECTED',
    message: `The call of ${tool} was rejected: ${reason}`,
    details: { tool },
  })
}

/** Returns the failure of code that waits for a promise that nothing can settle. */
export function neverSettles(): ExecutionFailure {
  return failure({
    code: 'NEVER_SETTLES',
    message:
      'The code waits for a promise that nothing can settle: no tool call is open and no timer is set. ' +
      'Resolve the promise, or await a tool or a timer.',
  })
}

/**
 * Returns the failure of a guest that was stopped in the middle of a turn. `cpuMs` is the CPU time of the whole
 * execution.
 */
export function stoppedByLimit(
  stopped: Pick<Extract<TurnOutcome, { type: 'stopped' }>, 'reason' | 'waitedForClock' | 'cpuMs'>,
  limits: ExecutionLimits,
  wallTimeout: WallTimeout,
): ExecutionFailure {
  if (stopped.reason === 'memory') {
    const limitMb = limits.memoryLimitMb
    const message = `The code used more than ${limitMb} MiB of memory (memoryLimitMb). Keep less data in memory, or raise memoryLimitMb.`
    return failure({ code: 'MEMORY_LIMIT', name: 'RangeError', message, details: { limitMb, option: 'memoryLimitMb' } })
  }
  if (stopped.reason === 'output') return journalTooLarge(limits.journalBytes)
  const timeoutMs = limits.cpuTimeoutMs
  const hint = stopped.waitedForClock ? clockHint : undefined
  if (stopped.cpuMs < timeoutMs) return executionTimeout(wallTimeout, hint)
  const usedMs = Math.round(stopped.cpuMs)
  const message = `The code used ${usedMs} ms of CPU time; the limit is ${timeoutMs} ms (cpuTimeoutMs). Compute less in one execution, or raise cpuTimeoutMs.`
  const details = { layer: 'cpu', timeoutMs, option: 'cpuTimeoutMs', usedMs }
  return failure({ code: 'CPU_TIMEOUT', name: 'TimeoutError', message, details, hint })
}

const clockHint =
  'The clock stands still while code computes, so a loop that waits for a time never ends: wait with await sleep(ms).'

/** Returns the failure of an execution whose journal has exceeded its limit. */
export function journalTooLarge(limitBytes: number): ExecutionFailure {
  const message = `The execution's journal exceeds its limit of ${limitBytes} bytes (journalBytes). Pass less data through tool calls and logs, and set fewer timers.`
  return failure({ code: 'JOURNAL_TOO_LARGE', message, details: { limitBytes } })
}

/** Returns the failure of an execution whose sandbox process has reported effects that its protocol does not allow. */
export function protocolViolation(violation: string): ExecutionFailure {
  return failure({ code: 'SANDBOX_CRASHED', message: `The sandbox process violated its protocol: ${violation}` })
}

/** Returns the failure of an execution that ends because of a bug in the executor. It has no details of the bug. */
export function failedByBug(correlationId: string): ExecutionFailure {
  const message = `The executor failed because of a bug. Its log has the details under the correlation id ${correlationId}.`
  return failure({ code: 'INTERNAL', message })
}
