import { executionResultSchema, isFinal, type ExecutionResult } from '@codemode/shared'

import { ExecutorClientError } from './errors/executor-client-error.ts'
import { ExecutorConnectionError } from './errors/executor-connection-error.ts'
import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import { pause } from './pause.ts'

const pollMs = 500

/**
 * Whether asking for the execution can tell what became of a failed request: a repeat met a conflict or found nothing
 * after an attempt that may have arrived, or the events are gone.
 */
export function canBeSettled(error: unknown): error is ExecutorClientError {
  if (!(error instanceof ExecutorClientError)) return false
  return error.code === 'EVENTS_GONE' || (error.ambiguous && (error.httpStatus === 409 || error.httpStatus === 404))
}

/** The result of an execution by its record, waiting for its end; OUTCOME_AMBIGUOUS if the executor has no record. */
export async function settle(
  api: ExecutionsApi,
  scope: ExecutionScope,
  failure: ExecutorClientError,
): Promise<ExecutionResult> {
  for (;;) {
    const record = await api.record(scope).catch((error: unknown) => {
      const isUnknown = error instanceof ExecutorClientError && error.httpStatus === 404
      throw isUnknown ? unknownOutcome(scope, failure) : lostSight(scope, error)
    })
    const result = executionResultSchema.safeParse(record)
    if (isFinal(record.status) && result.success) return result.data
    await pause(pollMs, scope.signal)
  }
}

/** The error for a failure after the executor may have begun: whatever it says itself, the code may have run. */
export function lostSight(scope: ExecutionScope, error: unknown): unknown {
  if (scope.signal.aborted || !(error instanceof ExecutorClientError)) return error
  if (error.retryable) return unknownOutcome(scope, error)
  return Object.assign(error, { ambiguous: true })
}

/** The error for a request that may have run the code, and nobody can say. */
export function unknownOutcome(scope: ExecutionScope, cause: ExecutorClientError): ExecutorConnectionError {
  const { executionId, correlationId } = scope
  return new ExecutorConnectionError(`It is not known whether the code ran: ${cause.message}`, {
    executionId,
    correlationId,
    attempts: cause.attempts,
    httpStatus: cause.httpStatus,
    code: 'OUTCOME_AMBIGUOUS',
    retryable: false,
    ambiguous: true,
    cause,
    suggestion: 'Run it again if its tools can bear to be called twice.',
  })
}
