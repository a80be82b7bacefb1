// Resolves the unknown outcome of a request: the client reads the execution by its id instead of running it again.
import {
  executionResultSchema,
  isFinal,
  type ExecutionEvent,
  type ExecutionResult,
  type PausedExecution,
} from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import type { ExecutionScope } from '../http/request-scope.ts'
import type { ExecutionsApi } from './executions-api.ts'
import { followBatches } from './follow-events.ts'
import { pausedFrom } from './paused-from.ts'
import { retryDelayMs } from '../http/retry-policy.ts'
import { delay } from '../async/delay.ts'

/** Reader of the events of an execution that is found to be under way. */
interface EventReader {
  /** Returns the id of the last event that was received, or undefined if none was. */
  readonly lastEventId: () => string | undefined
  /** Called with the next events. Returns the end of the execution if they contain it. */
  readonly receive: (events: readonly ExecutionEvent[]) => ExecutionResult | PausedExecution | undefined
}

/** Reader that ignores what comes before the end. */
const onlyEnd: EventReader = {
  lastEventId: () => undefined,
  receive: (events) => endOf(untilEnd(events).at(-1)),
}

/** Milliseconds between two reads of the record of an execution that is under way. */
const pollMs = 500

/**
 * Returns whether the outcome of a failed request can be read from the execution's record: an attempt may have arrived,
 * and the connection broke, a gateway timed out, or a repeat got a conflict or "not found".
 */
export function canBeResolved(error: unknown): error is ExecutorClientError {
  if (!(error instanceof ExecutorClientError)) return false
  return error.ambiguous && (isUnanswered(error) || error.httpStatus === 409 || error.httpStatus === 404)
}

/** Returns whether the connection broke, another server answered, the response was damaged, or its status was 5xx. */
function isUnanswered(error: ExecutorClientError): boolean {
  const hasNoResult = error.code === 'INTERNAL' || error.code === 'INVALID_RESPONSE'
  return error instanceof ExecutorConnectionError || hasNoResult || (error.httpStatus ?? 0) >= 500
}

/**
 * Resolves with the result of an execution whose request failed with an unknown outcome. Rejects with the given failure
 * if the outcome is known from it, and otherwise as `resolveOutcome` does.
 */
export async function resolveIfUnknown(
  api: ExecutionsApi,
  scope: ExecutionScope,
  failure: unknown,
): Promise<ExecutionResult | PausedExecution> {
  if (scope.signal.aborted || !canBeResolved(failure)) throw failure
  return resolveOutcome(api, scope, failure)
}

/**
 * Reads the record of an execution and follows its events until its end, and passes the events to `reader`. Rejects with
 * OUTCOME_AMBIGUOUS if the executor has no record, and with an ambiguous error if the record can't be read.
 */
export async function resolveOutcome(
  api: ExecutionsApi,
  scope: ExecutionScope,
  failure: ExecutorClientError,
  reader: EventReader = onlyEnd,
): Promise<ExecutionResult | PausedExecution> {
  let hasAnswered = false
  // After a failed connection, the first read of the record has fewer attempts: the policy's are used up already.
  const mayBeUnreachable = isUnanswered(failure)
  const delayMs = retryDelayMs(api.policy, Math.max(1, failure.attempts), failure.retryAfterMs)
  if (mayBeUnreachable && performance.now() + delayMs < scope.deadlineAt) await delay(delayMs, scope.signal)
  for (;;) {
    const isFirstRead = mayBeUnreachable && !hasAnswered
    const policy = isFirstRead ? api.recordPolicy(failure.attempts) : api.policy
    const record = await api.record(scope, policy).catch((error: unknown) => {
      const isUnknown = error instanceof ExecutorClientError && error.httpStatus === 404
      if (isUnknown) throw unknownOutcome(scope, failure)
      throw ambiguousError(scope, isFirstRead && !scope.signal.aborted ? failure : error)
    })
    hasAnswered = true
    scope.onAccepted?.()
    const result = executionResultSchema.safeParse(record)
    if (isFinal(record.status) && result.success) return result.data
    const followed = await follow(api, scope, reader)
    if (followed !== undefined) return followed
    await delay(pollMs, scope.signal)
  }
}

/**
 * Follows the events of an execution to its end, or until it is paused. Resolves with undefined if the stream can't be read.
 */
async function follow(
  api: ExecutionsApi,
  scope: ExecutionScope,
  { lastEventId, receive }: EventReader,
): Promise<ExecutionResult | PausedExecution | undefined> {
  const after = lastEventId()
  try {
    for await (const events of followBatches(() => api.events(after, scope), api, scope, after)) {
      const end = receive(events)
      if (end !== undefined) return end
    }
  } catch (error) {
    if (scope.signal.aborted || !(error instanceof ExecutorClientError)) throw error
  }
  return undefined
}

/** Returns the events up to the first one at which a run ends. */
export function untilEnd(events: readonly ExecutionEvent[]): readonly ExecutionEvent[] {
  const index = events.findIndex(({ type }) => type === 'finished' || type === 'paused')
  return index === -1 ? events : events.slice(0, index + 1)
}

/** Returns the result of an execution, or what it is paused for, if the event is its end. */
export function endOf(event: ExecutionEvent | undefined): ExecutionResult | PausedExecution | undefined {
  if (event?.type === 'finished') return event.result
  return event?.type === 'paused' ? pausedFrom(event) : undefined
}

/** Returns the error for a failure after which the code may have run or may still run, marked as ambiguous. */
export function ambiguousError(scope: ExecutionScope, error: unknown): unknown {
  if (scope.signal.aborted || !(error instanceof ExecutorClientError)) return error
  if (error.retryable) return unknownOutcome(scope, error)
  return Object.assign(error, { ambiguous: true })
}

/** Returns the error for a request for which it cannot be determined whether the code has run. */
export function unknownOutcome(scope: ExecutionScope, cause: ExecutorClientError): ExecutorConnectionError {
  const { executionId, correlationId } = scope
  return new ExecutorConnectionError(`It is unknown whether the code has run: ${cause.message}`, {
    executionId,
    correlationId,
    attempts: cause.attempts,
    httpStatus: cause.httpStatus,
    code: 'OUTCOME_AMBIGUOUS',
    retryable: false,
    ambiguous: true,
    cause,
    suggestion: 'Run the code again only if it is safe to call its tools twice.',
  })
}
