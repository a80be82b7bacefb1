import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** Error of an execution that was cancelled. Its `name` is `AbortError`, as in the errors of the platform. */
export class CancelledError extends ExecutorClientError {
  override readonly name: string = 'AbortError'

  constructor(message: string, options: ExecutorClientErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}

/** Returns the error for an execution that was cancelled by an aborted signal, with the signal's reason as the cause. */
export function cancelledBy(reason: unknown, ids: { executionId: string; correlationId: string }): CancelledError {
  return new CancelledError(`The execution was cancelled: ${detailOf(reason)}`, { ...ids, cause: reason })
}

/** Returns the error for a request about an execution that a signal aborted. The execution goes on. */
export function requestAborted(
  reason: unknown,
  ids: { executionId: string | undefined; correlationId: string },
): CancelledError {
  return new CancelledError(`The request was aborted: ${detailOf(reason)}`, { ...ids, cause: reason })
}

/** Returns the reason of an aborted signal as text. */
export function detailOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : 'aborted'
}

/**
 * Abort reason of a run whose execution was cancelled by its id. Such a run ends with a result, whereas any other abort
 * rejects it.
 */
export class CancelledById extends CancelledError {
  constructor(reason = 'cancelled') {
    super(`The execution was cancelled: ${reason}`)
  }
}
