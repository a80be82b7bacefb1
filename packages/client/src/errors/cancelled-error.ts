import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** Error of an execution that was cancelled. Its `name` is `AbortError`, as in the errors of the platform. */
export class CancelledError extends ExecutorClientError {
  override readonly name: string = 'AbortError'

  constructor(message: string, options: ExecutorClientErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}

const closed = 'the client was closed'

/** Returns the reason by which a client that closes aborts its requests and cancels its executions. */
export const clientClosed = (): DOMException => new DOMException(closed, 'AbortError')

/** Returns the error for an execution that was cancelled by an aborted signal, with the signal's reason as the cause. */
export function cancelledBy(reason: unknown, ids: { executionId: string; correlationId: string }): CancelledError {
  const detail = detailOf(reason)
  const suggestion =
    detail === closed
      ? 'Await the execution before the client is closed; `await using` closes it at the end of its block.'
      : undefined
  return new CancelledError(`The execution was cancelled: ${detail}`, { ...ids, cause: reason, suggestion })
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
