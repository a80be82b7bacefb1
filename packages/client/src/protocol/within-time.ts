import { maxTimerMs, newCorrelationId } from '@codemode/shared'

import { forwardAbort } from '../async/forward-abort.ts'
import { CancelledError, detailOf } from '../errors/cancelled-error.ts'
import { requestTimedOut } from '../errors/executor-timeout-error.ts'
import type { ExecutionScope, RequestScope } from '../http/request-scope.ts'

/** Timeout of a request about a stored execution, retries included, in milliseconds. */
const defaultTimeoutMs = 30_000

/** Time and signals that end a request. */
export interface TimeOptions {
  readonly correlationId: string | undefined
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly timeoutMs: number | undefined
}

type ScopeOf<Id> = Id extends string ? ExecutionScope : RequestScope

/**
 * Sends requests that run no code for a caller that waits. Rejects with REQUEST_TIMEOUT when the time is over, and with a
 * CancelledError when a signal aborts; neither cancels an execution.
 */
export async function withinTime<Id extends string | undefined, Result>(
  executionId: Id,
  { correlationId = newCorrelationId(), signals, ...options }: TimeOptions,
  send: (scope: ScopeOf<Id>) => Promise<Result>,
): Promise<Result> {
  const ids = { executionId, correlationId }
  const timeoutMs = Math.min(options.timeoutMs ?? defaultTimeoutMs, maxTimerMs)
  const controller = new AbortController()
  const { signal } = controller
  const timer = setTimeout(() => controller.abort(requestTimedOut(timeoutMs, ids)), timeoutMs)
  const stopForwarding = signals.map((each) => forwardAbort(each, controller, (reason) => requestAborted(reason, ids)))
  try {
    signal.throwIfAborted()
    return await send({ ...ids, signal, deadlineAt: performance.now() + timeoutMs } as unknown as ScopeOf<Id>)
  } finally {
    clearTimeout(timer)
    for (const stop of stopForwarding) stop()
  }
}

/** Returns the error for a request that a signal has aborted. */
export function requestAborted(
  reason: unknown,
  ids: { readonly executionId: string | undefined; readonly correlationId: string },
): CancelledError {
  return new CancelledError(`The request was aborted: ${detailOf(reason)}`, { ...ids, cause: reason })
}
