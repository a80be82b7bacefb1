import { errorBodySchema, type ErrorBody, type ErrorCode } from '@codemode/shared'
import { codeOfStatus, isGatewayStatus, isTemporaryStatus, parseRetryAfter } from '@codemode/shared/internal'

import { timeoutFieldsOf } from '../errors/error-from-result.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { describeResponse, excerptOf, redirectTarget, type HttpResponse, type SentRequest } from './foreign-response.ts'

interface Connection extends SentRequest {
  readonly origin: string
  /** URL of the executor as configured, which may have a path. */
  readonly executorUrl: string
  readonly executionId: string | undefined
  readonly correlationId: string
}

/** Returns the error for a response other than 2xx, from the executor or from a server before it. */
export function responseError(response: HttpResponse, connection: Connection): ExecutorClientError {
  const body = parseBody(response.text)
  return body === undefined ? foreignError(response, connection) : executorError(body, response, connection)
}

function parseBody(text: string): ErrorBody['error'] | undefined {
  try {
    return errorBodySchema.parse(JSON.parse(text)).error
  } catch {
    return undefined
  }
}

function executorError(error: ErrorBody['error'], response: HttpResponse, connection: Connection): ExecutorClientError {
  const { code, message, details, suggestion, retryable, ambiguous, correlationId } = error
  const fields = {
    executionId: error.executionId ?? connection.executionId,
    correlationId,
    retryable,
    ambiguous,
    details,
    httpStatus: response.status,
    retryAfterMs: parseRetryAfter(response.headers['retry-after'], response.headers['date']),
  }
  if (code === 'QUEUE_TIMEOUT') {
    return new ExecutorTimeoutError(code, message, { ...fields, ...timeoutFieldsOf(details, 'queue') })
  }
  if (code === 'UNAUTHORIZED') {
    return new ExecutorClientError(code, `${rejectedKey(connection.origin)}: ${message}`, {
      ...fields,
      // The executor's own suggestion names the header; users of the client set an option.
      suggestion: checkKey,
    })
  }
  if (code === 'NOT_FOUND' && hasPathInRoute(message, connection)) {
    const { origin, executorUrl } = connection
    return new ExecutorClientError(
      code,
      `The executor at ${origin} has no routes under the path of executorUrl: ${message}`,
      {
        ...fields,
        suggestion: `Set executorUrl to ${origin} instead of ${executorUrl}. It has a path only if a gateway serves the executor under it, and removes it.`,
      },
    )
  }
  return new ExecutorClientError(code, message, { ...fields, suggestion })
}

/** Returns whether a message names the requested path with that of `executorUrl`, which a gateway would have removed. */
function hasPathInRoute(message: string, { executorUrl, origin, url }: Connection): boolean {
  return executorUrl !== origin && message.includes(new URL(url).pathname)
}

const rejectedKey = (origin: string): string => `The executor at ${origin} rejected the API key`
const checkKey = 'Check executorApiKey: it may be mistyped, expired or of another executor.'

/** Returns the error for a response that is not the executor's: an error page, a redirect, or another server's. */
export function foreignError(response: HttpResponse, connection: Connection): ExecutorClientError {
  const { status, headers } = response
  const { origin, executorUrl } = connection
  const fields = {
    executionId: connection.executionId,
    correlationId: connection.correlationId,
    httpStatus: status,
    retryable: isTemporaryStatus(status),
    retryAfterMs: parseRetryAfter(headers['retry-after'], headers['date']),
    suggestion: `Check that executorUrl (${executorUrl}) is the URL of an executor, and the proxies and gateways before it.`,
  }
  const got = `${describeResponse(response, connection)}: this is not a Codemode executor`
  const says = excerptOf(response, connection)
  if (status === 401) {
    return new ExecutorClientError('UNAUTHORIZED', `${rejectedKey(origin)}. ${got}.${says}`, {
      ...fields,
      suggestion: checkKey,
    })
  }
  if (isGatewayStatus(status)) {
    const message = `${got}, but a gateway before it.${says}`
    return new ExecutorConnectionError(message, { ...fields, ambiguous: status !== 425 })
  }
  if (status >= 300 && status < 400) {
    const target = redirectTarget(response, connection)
    const message = `${got}. It redirects to ${target ?? 'another URL'}, and redirects are not followed, to keep the API key.`
    return new ExecutorConnectionError(message, {
      ...fields,
      suggestion: `Set executorUrl to the URL of the executor.`,
    })
  }
  if (status < 300) {
    return new ExecutorClientError('INVALID_RESPONSE', `${got}.${says}`, {
      ...fields,
      ambiguous: connection.method === 'POST',
    })
  }
  // A 503 is ambiguous too: some gateways send it when the executor closed the connection during the request.
  return new ExecutorClientError(foreignCode(status), `${got}.${says}`, { ...fields, ambiguous: status >= 500 })
}

/** Returns the code for a status that another server sent: INTERNAL would mean that the executor has a bug. */
function foreignCode(status: number): ErrorCode {
  const code = codeOfStatus(status)
  return code === 'INTERNAL' ? 'INVALID_RESPONSE' : code
}
