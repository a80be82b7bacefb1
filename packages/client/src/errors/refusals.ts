import { ExecutorClientError } from './executor-client-error.ts'

const refusals: ReadonlySet<string> = new Set(['OVERLOADED', 'QUEUE_TIMEOUT', 'RATE_LIMITED', 'SHUTTING_DOWN'])

/** Returns whether the executor refused the execution because it is overloaded or shutting down. */
export function isRefusal(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && refusals.has(error.code)
}
