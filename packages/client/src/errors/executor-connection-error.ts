import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** The executor could not be reached, or the connection broke. With `ambiguous` the code may have run. */
export class ExecutorConnectionError extends ExecutorClientError {
  override readonly name: string = 'ExecutorConnectionError'

  constructor(
    message: string,
    options: ExecutorClientErrorOptions & { readonly code?: 'CONNECTION_FAILED' | 'OUTCOME_AMBIGUOUS' } = {},
  ) {
    super(options.code ?? 'CONNECTION_FAILED', message, { retryable: true, ...options })
  }
}
