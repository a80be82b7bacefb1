import { errorBodySchema, type ErrorBody, type ErrorCode } from '@codemode/shared'

import { clockOf } from '../errors/error-from-result.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { parseRetryAfter } from './retry-policy.ts'

export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

interface Connection {
  readonly origin: string
  readonly executionId: string | undefined
  readonly correlationId: string
}

/** The error that an answer other than 2xx stands for, be it the executor's own or that of something before it. */
export function responseError(answer: ErrorAnswer, connection: Connection): ExecutorClientError {
  const body = parseBody(answer.text)
  return body === undefined ? foreignError(answer, connection) : executorError(body, answer, connection)
}

function parseBody(text: string): ErrorBody['error'] | undefined {
  try {
    return errorBodySchema.parse(JSON.parse(text)).error
  } catch {
    return undefined
  }
}

function executorError(error: ErrorBody['error'], answer: ErrorAnswer, connection: Connection): ExecutorClientError {
  const { code, message, details, suggestion, retryable, ambiguous, correlationId } = error
  const fields = {
    executionId: error.executionId ?? connection.executionId,
    correlationId,
    retryable,
    ambiguous,
    details,
    httpStatus: answer.status,
    retryAfterMs: parseRetryAfter(answer.headers['retry-after'], answer.headers['date']),
  }
  if (code === 'QUEUE_TIMEOUT') {
    return new ExecutorTimeoutError(code, message, { ...fields, ...clockOf(details, 'queue') })
  }
  if (code === 'UNAUTHORIZED') {
    return new ExecutorClientError(code, `${rejectedKey(connection.origin)}: ${message}`, {
      ...fields,
      suggestion: suggestion ?? checkKey,
    })
  }
  return new ExecutorClientError(code, message, { ...fields, suggestion })
}

const rejectedKey = (origin: string): string => `The executor at ${origin} rejected the API key`
const checkKey = 'Check executorApiKey: it may be mistyped, expired or of another executor.'

/** The codes for answers without a body of the protocol; a status that is not here is no answer of an executor. */
const foreignCodes: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
}

function foreignError({ status, headers }: ErrorAnswer, connection: Connection): ExecutorClientError {
  const { origin } = connection
  const fields = {
    executionId: connection.executionId,
    correlationId: connection.correlationId,
    httpStatus: status,
    retryable: [408, 425, 429, 502, 503, 504].includes(status),
    retryAfterMs: parseRetryAfter(headers['retry-after'], headers['date']),
  }
  if (status === 401)
    return new ExecutorClientError('UNAUTHORIZED', rejectedKey(origin), { ...fields, suggestion: checkKey })
  const suggestion = `Check that executorUrl (${origin}) is an executor, and what is between you and it.`
  if (status === 408 || status === 425 || status === 502 || status === 504) {
    const message = `A gateway before the executor at ${origin} answered ${status}`
    return new ExecutorConnectionError(message, { ...fields, ambiguous: status !== 425, suggestion })
  }
  const code = foreignCodes[status] ?? (status < 500 ? 'INVALID_REQUEST' : 'INTERNAL')
  return new ExecutorClientError(code, `${origin} answered ${status}, and not as an executor does`, {
    ...fields,
    // Also a 503: some gateways answer it when the executor broke off in the middle of the request.
    ambiguous: status >= 500,
    suggestion,
  })
}
