import { executionResultSchema, isFinal, type ExecutionResult } from '@codemode/shared'

import { ExecutorClientError } from './errors/executor-client-error.ts'
import { ExecutorConnectionError } from './errors/executor-connection-error.ts'
import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import { pause } from './pause.ts'

const pollMs = 500

/**
 * Whether the record of the execution can tell the outcome of a failed request: its events are gone, or a repeat was
 * refused after an attempt that may have arrived.
 */
export function canBeSettled(error: unknown): error is ExecutorClientError {
  if (!(error instanceof ExecutorClientError)) return false
  return error.code === 'EVENTS_GONE' || (error.ambiguous && (error.httpStatus === 409 || error.httpStatus === 404))
}

/** Reads the result of an execution from its record, after its end. Rejects with OUTCOME_AMBIGUOUS if there is no record. */
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

/** Returns the error for a failure after the executor may have begun: the code may have run, whatever the error says. */
export function lostSight(scope: ExecutionScope, error: unknown): unknown {
  if (scope.signal.aborted || !(error instanceof ExecutorClientError)) return error
  if (error.retryable) return unknownOutcome(scope, error)
  return Object.assign(error, { ambiguous: true })
}

/** Returns the error for a request of which nobody can tell whether it has run the code. */
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
    suggestion: 'Run it again only if its tools may be called twice.',
  })
}
