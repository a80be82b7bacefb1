import type { ErrorCode } from '@codemode/shared'

import { ExecutorClientError } from '../../errors/executor-client-error.ts'

/**
 * Codes of errors whose messages are about what the model has sent, and for its eyes. The messages of others may name hosts, files
 * and options of the operator.
 */
const publicCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'NOT_FOUND',
  'EXECUTION_ENDED',
  'EXECUTION_SERVED',
  'PAYLOAD_TOO_LARGE',
  'QUEUE_TIMEOUT',
  'RESULT_GONE',
  'SESSION_EXPIRED',
  'SESSION_FULL',
])

/** Sentences for a model in place of the messages of other errors. */
const sentences: Readonly<Partial<Record<ErrorCode, string>>> = {
  APPROVAL_UNAVAILABLE: 'A tool needs an approval, which this server can not get.',
  CONNECTION_FAILED: 'The service that runs the code can not be reached.',
  FORBIDDEN: 'This server may not do that.',
  OUTCOME_AMBIGUOUS: 'The connection was lost, and the code may have run with its tool calls.',
  OVERLOADED: 'The service that runs the code is busy.',
  RATE_LIMITED: 'The service that runs the code is busy.',
  REQUEST_TIMEOUT:
    'The service that runs the code did not answer in time, and the code may have run with its tool calls.',
  SHUTTING_DOWN: 'The service that runs the code is restarting.',
  STORE_DISABLED: 'A tool needs an approval, which this server can not get.',
}

/** Returns the text for an MCP client about an error: nothing that is the operator's, and the id under which logs have the rest. */
export function publicError(error: unknown): string {
  if (!(error instanceof ExecutorClientError)) return 'The server failed because of an unexpected error.'
  const { code, message, retryable, correlationId } = error
  const sentence = publicCodes.has(code) ? message : (sentences[code as ErrorCode] ?? 'The request failed.')
  const retry = retryable ? ' The same call may succeed later.' : ''
  const id = correlationId === undefined ? '' : ` Correlation id: ${correlationId}`
  return `${code}: ${/[.!?]$/.test(sentence) ? sentence : `${sentence}.`}${retry}${id}`
}
