import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** The execution was cancelled. Its `name` is `AbortError`, as the platform's own. */
export class CancelledError extends ExecutorClientError {
  override readonly name: string = 'AbortError'

  constructor(message: string, options: ExecutorClientErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}
