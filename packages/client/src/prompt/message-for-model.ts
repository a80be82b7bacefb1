import { errorCodes, codesOfKind, type ErrorCode } from '@codemode/shared'
import { isErrorCode } from '@codemode/shared/internal'

import type { ExecutorClientError } from '../errors/executor-client-error.ts'

/** Sentences for a model in place of the meanings of codes, which are written for the operator. */
const sentences: Readonly<Partial<Record<string, string>>> = {
  APPROVAL_UNAVAILABLE: 'A tool needs an approval, which can not be given here.',
  CANCELLED: 'The execution was cancelled.',
  CONFIGURATION_INVALID: 'The program that runs the code is not configured correctly.',
  CONNECTION_FAILED: 'The service that runs the code can not be reached.',
  FORBIDDEN: 'The program that runs the code may not do that.',
  INTERNAL: 'The service that runs the code failed because of a bug.',
  OUTCOME_AMBIGUOUS: 'The connection was lost, and the code may have run with its tool calls.',
  OVERLOADED: 'The service that runs the code is busy.',
  RATE_LIMITED: 'The service that runs the code is busy.',
  REQUEST_TIMEOUT:
    'The service that runs the code did not answer in time, and the code may have run with its tool calls.',
  SHUTTING_DOWN: 'The service that runs the code is restarting.',
  STORE_DISABLED: 'A tool needs an approval, which can not be given here.',
  UNAUTHORIZED: 'The service that runs the code refused the request.',
}

/** Codes of errors whose messages are about what the model has sent, or what its code did. */
export const publicCodes: ReadonlySet<string> = new Set<ErrorCode>([
  ...codesOfKind('execution'),
  'APPROVAL_PENDING',
  'EXECUTION_ENDED',
  'EXECUTION_SERVED',
  'GUEST_WARNINGS',
  'NOT_FOUND',
  'PAYLOAD_TOO_LARGE',
  'QUEUE_TIMEOUT',
  'RESULT_GONE',
  'SESSION_EXPIRED',
  'SESSION_FULL',
])

/**
 * Returns the message of an error for a model. Messages that may name hosts, files and options of the operator are replaced by a
 * sentence about the code.
 */
export function messageForModel({ code, message }: ExecutorClientError): string {
  const own = Object.hasOwn(sentences, code) ? sentences[code] : undefined
  const sentence = own ?? (publicCodes.has(code) ? message : meaningOf(code))
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}

function meaningOf(code: string): string {
  return isErrorCode(code) ? errorCodes[code].meaning : 'The request failed.'
}
