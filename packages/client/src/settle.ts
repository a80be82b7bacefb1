import { executionResultSchema, isFinal, type ExecutionResult } from '@codemode/shared'

import { ExecutorClientError } from './errors/executor-client-error.ts'
import { ExecutorConnectionError } from './errors/executor-connection-error.ts'
import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import { followEvents } from './follow-events.ts'
import { retryDelayMs } from './http/retry-policy.ts'
import { pause } from './pause.ts'

/** Milliseconds between two questions for an execution that is under way. */
const pollMs = 500

/**
 * Whether asking for the execution can tell what became of a failed request: after an attempt that may have arrived, a
 * repeat met a conflict or found nothing, the connection broke, or a gateway gave up waiting; or the events are gone.
 */
export function canBeSettled(error: unknown): error is ExecutorClientError {
  if (!(error instanceof ExecutorClientError)) return false
  if (error.code === 'EVENTS_GONE') return true
  return error.ambiguous && (isUnanswered(error) || error.httpStatus === 409 || error.httpStatus === 404)
}

/** Whether the connection broke, or what answered was not the executor, or its answer was damaged. */
function isUnanswered(error: ExecutorClientError): boolean {
  return error instanceof ExecutorConnectionError || error.code === 'INTERNAL' || (error.httpStatus ?? 0) >= 500
}

/**
 * Resolves with the result of an execution by its record, waiting for its end. Rejects with OUTCOME_AMBIGUOUS if the
 * executor has no record, and with the failure if it can't be asked at all.
 */
export async function settle(
  api: ExecutionsApi,
  scope: ExecutionScope,
  failure: ExecutorClientError,
): Promise<ExecutionResult> {
  let hasAnswered = false
  // A connection that has just failed as often as the policy allows is not tried as often again.
  const isOnTrial = isUnanswered(failure)
  const delayMs = retryDelayMs(api.policy, Math.max(1, failure.attempts), failure.retryAfterMs)
  if (isOnTrial && performance.now() + delayMs < scope.deadlineAt) await pause(delayMs, scope.signal)
  for (;;) {
    const isRepeat = isOnTrial && !hasAnswered
    const policy = isRepeat ? api.questionPolicy(failure.attempts) : api.policy
    const record = await api.record(scope, policy).catch((error: unknown) => {
      const isUnknown = error instanceof ExecutorClientError && error.httpStatus === 404
      if (isUnknown) throw unknownOutcome(scope, failure)
      throw lostSight(scope, isRepeat && !scope.signal.aborted ? failure : error)
    })
    hasAnswered = true
    const result = executionResultSchema.safeParse(record)
    if (isFinal(record.status) && result.success) return result.data
    const followed = await follow(api, scope)
    if (followed !== undefined) return followed
    await pause(pollMs, scope.signal)
  }
}

/** Resolves with the result that the event stream of an execution ends with; with undefined if it can't be followed. */
async function follow(api: ExecutionsApi, scope: ExecutionScope): Promise<ExecutionResult | undefined> {
  try {
    for await (const event of followEvents(() => api.events(undefined, scope), api, scope)) {
      if (event.type === 'finished') return event.result
    }
  } catch (error) {
    if (scope.signal.aborted || !(error instanceof ExecutorClientError)) throw error
  }
  return undefined
}

/** Returns the error for a failure after the executor may have begun: the code may have run, whatever the failure says. */
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
