/** The errors by which an executor shows that another one had better take the execution. */
import { ExecutorClientError } from '../errors/executor-client-error.ts'

const unreachable = new Set<string>(['CONNECTION_FAILED', 'OUTCOME_AMBIGUOUS'])
const refusals = new Set<string>(['OVERLOADED', 'QUEUE_TIMEOUT', 'RATE_LIMITED', 'SHUTTING_DOWN'])
const longestRetryAfterMs = 60_000

/** Whether the executor was not reached, was lost, or refused the execution. */
export function isUnavailable(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && (unreachable.has(error.code) || refusals.has(error.code))
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
  const last = errors.findLast(({ code }) => refusals.has(code)) ?? errors.at(-1)!
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
