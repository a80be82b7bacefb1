import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** Error of a connection that could not be made or that broke. If `ambiguous` is true, the code may have run. */
export class ExecutorConnectionError extends ExecutorClientError {
  override readonly name: string = 'ExecutorConnectionError'

  constructor(
    message: string,
    options: ExecutorClientErrorOptions & { readonly code?: 'CONNECTION_FAILED' | 'OUTCOME_AMBIGUOUS' } = {},
  ) {
    super(options.code ?? 'CONNECTION_FAILED', message, { retryable: true, ...options })
  }
}
