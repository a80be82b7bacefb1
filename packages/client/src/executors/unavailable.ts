/** Classification of the errors of an executor, by which wrappers decide whether another one takes over. */
import { CancelledError } from '../errors/cancelled-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { isRefusal } from '../errors/refusals.ts'

const unreachable = new Set<string>(['CONNECTION_FAILED', 'OUTCOME_AMBIGUOUS'])
const longestRetryAfterMs = 60_000

/**
 * Whether a run was rejected because its request or its executor failed, and not because it was cancelled or
 * misconfigured.
 */
export function isOutage(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return false
  return !(error instanceof CancelledError || error instanceof ConfigurationError)
}

/** Whether the executor was not reached, was lost, or refused the execution. */
export function isUnavailable(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && (unreachable.has(error.code) || isRefusal(error))
}

/** Whether the executor has not answered within `requestTimeoutMs`. */
export function isRequestTimeout(error: unknown): boolean {
  return error instanceof ExecutorClientError && error.code === 'REQUEST_TIMEOUT'
}

/** Whether the executor was unavailable for the execution and has certainly run nothing of it. */
export function hasSurelyNotRun(error: unknown): error is ExecutorClientError {
  return isUnavailable(error) && !error.ambiguous
}

/**
 * Returns for how many milliseconds the executor asks not to be used, at most 60,000; 0 for one that shuts down,
 * because probes find out when it is back.
 */
export function retryAfterMsOf({ code, retryAfterMs = 0 }: ExecutorClientError): number {
  return code === 'SHUTTING_DOWN' ? 0 : Math.min(retryAfterMs, longestRetryAfterMs)
}

/** Returns the error for an execution that no executor took, with the code of the last refusal if there was one. */
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
