import { ExecutorClientError } from './executor-client-error.ts'

const refusals: ReadonlySet<string> = new Set(['OVERLOADED', 'QUEUE_TIMEOUT', 'RATE_LIMITED', 'SHUTTING_DOWN'])

/** Whether the executor is there and has not taken the execution, because it has too much to do or is about to end. */
export function isRefusal(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && refusals.has(error.code)
}
