import { headers, RequestError, type ErrorBody } from '@codemode/shared'
import { codeOfStatus } from '@codemode/shared/internal'
import type { ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Logger } from 'pino'

import type { EngineObserver } from '../engine/engine-observer.ts'
import type { Principal } from '../engine/principal.ts'
import type { HttpContext, HttpEnv } from './http-context.ts'

/** Observer of the requests that are answered with an error. */
export type RefusalObserver = Pick<EngineObserver, 'requestRefused'>

/** Seconds in `retry-after` for refusals with status 429 or 503 that set none themselves. */
const defaultRetryAfterSeconds = 1

/**
 * Creates the handler of errors that routes throw. Refusals are sent as they are; a bug is sent as INTERNAL, with its
 * stack only in the log.
 */
export function respondToErrors({
  logger,
  observer,
}: {
  logger: Logger
  observer: RefusalObserver
}): ErrorHandler<HttpEnv> {
  return function respondToErrors(error, c) {
    return refuse(c, asRequestError(error) ?? internalError(error, c, logger), { observer })
  }
}

interface NotFoundOptions {
  readonly observer: RefusalObserver
  /** Path of the web console; absent if the executor has none. */
  readonly consolePath?: string | undefined
}

/** Creates the handler of requests for unknown paths. */
export function respondNotFound({ observer, consolePath }: NotFoundOptions): NotFoundHandler<HttpEnv> {
  const ofConsole = consolePath === undefined ? '' : ` The web console is at ${consolePath}.`
  return function respondNotFound(c) {
    const suggestion = `GET /openapi.json lists the routes.${ofConsole}`
    return refuse(c, new RequestError('NOT_FOUND', `There is no route ${c.req.path}.`, { suggestion }), { observer })
  }
}

/** Reports an error to the observer, and returns it as an HTTP response. */
export function refuse(
  c: HttpContext,
  error: RequestError,
  { observer, status = error.httpStatus }: { readonly observer: RefusalObserver; readonly status?: number },
): Response {
  // Requests that the server itself refuses have no key yet.
  const { tenant, keyId } = (c.get('principal') as Principal | undefined) ?? {}
  const { code, message } = error
  observer.requestRefused({ code, message, correlationId: c.get('correlationId'), tenant, keyId })
  return errorResponse(c, error, status)
}

function errorResponse(c: HttpContext, error: RequestError, status: number): Response {
  const mayWait = status === 429 || status === 503
  const retryAfterSeconds = error.retryAfterSeconds ?? (mayWait ? defaultRetryAfterSeconds : undefined)
  if (retryAfterSeconds !== undefined) c.header(headers.retryAfter, String(Math.max(1, Math.ceil(retryAfterSeconds))))
  // The rest of the body is not read, so the connection cannot carry a further request.
  if (status === 413) c.header('connection', 'close')
  return c.json(errorBody(c, error), status as ContentfulStatusCode)
}

/**
 * Returns the body of an error. After a bug in a POST it is unknown how far the request was processed, so the body says
 * that the outcome is ambiguous.
 */
export function errorBody(c: HttpContext, error: RequestError): ErrorBody {
  const { error: body } = error.toBody(c.get('correlationId'))
  const isUnknown = error.code === 'INTERNAL' && c.req.method === 'POST'
  return { error: { ...body, ambiguous: body.ambiguous || isUnknown || error.code === 'OUTCOME_AMBIGUOUS' } }
}

/** Logs a bug, and returns the error that the client may see. */
export function internalError(error: unknown, c: HttpContext, logger: Logger): RequestError {
  const correlationId = c.get('correlationId')
  logger.error(
    { correlationId, method: c.req.method, path: c.req.path, err: error },
    'a request failed because of a bug in the executor',
  )
  return new RequestError(
    'INTERNAL',
    `The executor failed because of a bug. Its log has the details under the correlation id ${correlationId}.`,
  )
}

function asRequestError(error: unknown): RequestError | undefined {
  if (error instanceof RequestError) return error
  if (!(error instanceof HTTPException) || error.status >= 500) return undefined
  return new RequestError(codeOfStatus(error.status), error.message)
}
