import { ExecutorClientError } from '../../errors/executor-client-error.ts'
import { messageForModel } from '../../prompt/message-for-model.ts'

/** Returns the text for an MCP client about an error: nothing that is the operator's, and the id under which logs have the rest. */
export function publicError(error: unknown): string {
  if (!(error instanceof ExecutorClientError)) return 'The server failed because of an unexpected error.'
  const { code, retryable, correlationId } = error
  const retry = retryable ? ' The same call may succeed later.' : ''
  const id = correlationId === undefined ? '' : ` Correlation id: ${correlationId}`
  return `${code}: ${messageForModel(error)}${retry}${id}`
}
