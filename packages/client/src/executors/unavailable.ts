/** What an executor's error says: whether it is one of the executor at all, and whether another one had better take over. */
import { CancelledError } from '../errors/cancelled-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { isRefusal } from '../errors/refusals.ts'

const unreachable = new Set<string>(['CONNECTION_FAILED', 'OUTCOME_AMBIGUOUS'])
const longestRetryAfterMs = 60_000

/** Whether a run was rejected because its request or its executor failed, and not cancelled or set up wrongly. */
export function isOutage(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return false
  return !(error instanceof CancelledError || error instanceof ConfigurationError)
}

/** Whether the executor was not reached, was lost, or refused the execution. */
export function isUnavailable(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && (unreachable.has(error.code) || isRefusal(error))
}

/** Whether the executor has not answered in the time that a request has. */
export function isRequestTimeout(error: unknown): boolean {
  return error instanceof ExecutorClientError && error.code === 'REQUEST_TIMEOUT'
}

/** Whether the executor was not there for the execution and has surely run nothing of it. */
export function hasSurelyNotRun(error: unknown): error is ExecutorClientError {
  return isUnavailable(error) && !error.ambiguous
}

/** For how long the executor wants to be left alone, at most a minute; one that shuts down says by probes when it is back. */
export function retryAfterMsOf({ code, retryAfterMs = 0 }: ExecutorClientError): number {
  return code === 'SHUTTING_DOWN' ? 0 : Math.min(retryAfterMs, longestRetryAfterMs)
}

/** The error for an execution that no executor took, with the code of a refusal if there was any. */
export function nobodyTookIt(errors: readonly ExecutorClientError[]): ExecutorClientError {
  const [only] = errors
  if (only !== undefined && errors.length === 1) return only
  const last = errors.findLast(isRefusal) ?? errors.at(-1)!
  const waits = errors.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  const causes = errors.map(({ message }) => message).join('; ')
  return new ExecutorClientError(last.code, `None of ${errors.length} executors took the execution: ${causes}`, {
    executionId: last.executionId,
    correlationId: last.correlationId,
    retryable: errors.some(({ retryable }) => retryable),
    attempts: errors.reduce((sum, { attempts }) => sum + attempts, 0),
    httpStatus: last.httpStatus,
    retryAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
    suggestion: last.suggestion,
    cause: new AggregateError(errors, causes),
  })
}
