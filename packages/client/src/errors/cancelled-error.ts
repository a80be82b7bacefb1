import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

/** Error of an execution that was cancelled. Its `name` is `AbortError`, as in the errors of the platform. */
export class CancelledError extends ExecutorClientError {
  override readonly name: string = 'AbortError'

  constructor(message: string, options: ExecutorClientErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}
