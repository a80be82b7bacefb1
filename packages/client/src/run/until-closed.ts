import { forwardAbort } from '../async/forward-abort.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'

interface Ids {
  readonly executionId: string | undefined
  readonly correlationId: string
}

/** Signal of a use of the executor that ends with the client. */
export interface OpenUse {
  readonly signal: AbortSignal
  /** Returns the error to throw: CLIENT_CLOSED if the client was closed, and otherwise the given one. */
  errorOf(this: void, error: unknown): unknown
  end(this: void): void
}

/**
 * Returns a signal for requests about a detached execution, which aborts when the client closes or one of the given signals
 * aborts.
 */
export function openUse(closing: AbortSignal, ids: Ids, ...signals: readonly (AbortSignal | undefined)[]): OpenUse {
  const controller = new AbortController()
  const stops = [closing, ...signals].map((signal) => forwardAbort(signal, controller))
  return {
    signal: controller.signal,
    errorOf: (error) => (closing.aborted ? clientClosed(ids, error) : error),
    end: () => {
      for (const stop of stops) stop()
    },
  }
}

function clientClosed(ids: Ids, cause: unknown): ExecutorClientError {
  return new ExecutorClientError(
    'CLIENT_CLOSED',
    'The client was closed during the request. Closing a client cancels no detached execution.',
    {
      ...ids,
      ambiguous: cause instanceof ExecutorClientError && cause.ambiguous,
      suggestion: 'Follow the execution with getExecution(id) of another client.',
      cause,
    },
  )
}
