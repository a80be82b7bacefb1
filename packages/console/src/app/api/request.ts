import type { ErrorBody } from '@codemode/shared'

import { apiPath } from '../base-path.ts'
import { noteResponseTime } from './server-clock.ts'

/** Response of the executor that is an error, or no response. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; 0 if there was no response. */
  readonly status: number
  readonly code: string
  readonly suggestion: string | undefined

  constructor(message: string, facts: { status: number; code: string; suggestion?: string | undefined }) {
    super(message)
    this.status = facts.status
    this.code = facts.code
    this.suggestion = facts.suggestion
  }
}

/** Milliseconds after which a request counts as lost. */
const timeoutMs = 60_000

interface RequestOptions {
  readonly method?: 'GET' | 'POST'
  /** Value that is sent as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Parser of the response; `JSON.parse` by default. */
  readonly parse?: (text: string) => unknown
  /** Execution that the request is about, by which a load balancer chooses the node. */
  readonly executionId?: string
}

/** Value with the tag by which the executor knows whether it has changed. */
export interface Tagged<Value> {
  readonly value: Value
  readonly tag: string | undefined
}

/** Sends a request to the console's API and returns the JSON of the response. Rejects with `ApiError`. */
export async function request<Result>(path: string, options: RequestOptions = {}): Promise<Result> {
  return (await requestTagged<Result>(path, options)).value
}

/** Does the same, and returns the value that is known if it has not changed. */
export async function requestTagged<Result>(
  path: string,
  options: RequestOptions & { readonly known?: Tagged<Result> | undefined } = {},
): Promise<Tagged<Result>> {
  const { method, body, signal, parse = JSON.parse, executionId, known } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const response = await send(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(executionId !== undefined && { 'x-codemode-execution-id': executionId }),
      ...(known?.tag !== undefined && { 'if-none-match': known.tag }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  })
  if (response.status === 304 && known !== undefined) return known
  if (!response.ok) throw errorOf(response.status, response.text)
  const value = response.status === 204 ? undefined : parsed(response, parse)
  return { value: value as Result, tag: response.tag }
}

function parsed({ status, text }: Response, parse: (text: string) => unknown): unknown {
  try {
    return parse(text)
  } catch {
    throw notFromExecutor(status)
  }
}

interface Response {
  readonly status: number
  readonly ok: boolean
  readonly text: string
  readonly tag: string | undefined
}

/** Sends a request and reads the whole response. Rejects with `ApiError` if there is none or it is cut. */
async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(`${apiPath}${path}`, init)
    noteResponseTime(response.headers.get('date'))
    const tag = response.headers.get('etag') ?? undefined
    return { status: response.status, ok: response.ok, text: await response.text(), tag }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    const effect = init.method === 'GET' ? '' : ' It may have got the request: look before you send it again.'
    throw new ApiError(`The executor does not respond, or its response was cut.${effect}`, {
      status: 0,
      code: 'NO_RESPONSE',
    })
  }
}

function errorOf(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as ErrorBody
    return new ApiError(error.message, { status, code: error.code, suggestion: error.suggestion })
  } catch {
    return notFromExecutor(status)
  }
}

function notFromExecutor(status: number): ApiError {
  const message = `The response has status ${status} and is not from the executor. A proxy may have sent it.`
  return new ApiError(message, { status, code: 'NO_RESPONSE' })
}
