/** Classes of errors of an executor: whether it refused an execution, was unavailable, or did not answer in time. */
import { CancelledError } from './cancelled-error.ts'
import { ConfigurationError } from './configuration-error.ts'
import { ExecutorClientError } from './executor-client-error.ts'

const refusals: ReadonlySet<string> = new Set(['OVERLOADED', 'QUEUE_TIMEOUT', 'RATE_LIMITED', 'SHUTTING_DOWN'])
const unreachable = new Set<string>(['CONNECTION_FAILED', 'OUTCOME_AMBIGUOUS'])
/** Maximum milliseconds for which an executor that asks for a pause is not used. */
const maxRetryAfterMs = 60_000

/** Returns whether the executor refused the execution because it is overloaded or shutting down. */
export function isRefusal(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && refusals.has(error.code)
}

/**
 * Returns whether a run was rejected because its request or its executor failed, and not because it was cancelled or
 * misconfigured.
 */
export function isOutage(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return false
  return !(error instanceof CancelledError || error instanceof ConfigurationError)
}

/** Returns whether the executor was not reached, was lost, or refused the execution. */
export function isUnavailable(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && (unreachable.has(error.code) || isRefusal(error))
}

/** Returns whether the executor has not answered within `requestTimeoutMs`. */
export function isRequestTimeout(error: unknown): boolean {
  return error instanceof ExecutorClientError && error.code === 'REQUEST_TIMEOUT'
}

/** Returns whether the executor was unavailable for the execution and has certainly run nothing of it. */
export function hasCertainlyNotRun(error: unknown): error is ExecutorClientError {
  return isUnavailable(error) && !error.ambiguous
}

/**
 * Returns the milliseconds for which the executor asks not to be used, at most 60,000; 0 for one that shuts down,
 * because probes detect when it is available again.
 */
export function retryAfterMsOf({ code, retryAfterMs = 0 }: ExecutorClientError): number {
  return code === 'SHUTTING_DOWN' ? 0 : Math.min(retryAfterMs, maxRetryAfterMs)
}
