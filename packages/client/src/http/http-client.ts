import type { Readable } from 'node:stream'

import { fixedLimits, headers, type InstanceReading } from '@codemode/shared'
import { SpanKind } from '@opentelemetry/api'
import type { Dispatcher } from 'undici'

import type { ProxyVariables } from '../config/proxy-variables.ts'
import { attributes, inSpan, traceHeaders } from '../insight/telemetry.ts'
import { connectionError } from './connection-error.ts'
import { decodeStream, decodeText } from './content-encoding.ts'
import { createDispatcher } from './dispatcher.ts'
import { exchangeText } from './exchange-text.ts'
import type { HttpResponse } from './foreign-response.ts'
import { LatestReading } from './at-most-once.ts'
import type { SuccessResponse } from './parse-response.ts'
import type { NamedProxy } from './proxy-error.ts'
import type { RequestScope } from './request-scope.ts'
import { foreignError, responseError } from './response-error.ts'
import { singleHeaders } from './single-headers.ts'

/** Milliseconds without data, not even a heartbeat, after which a stream counts as broken. */
const streamSilenceMs = 60_000
/** Maximum number of bytes of a response: more than the limits of an execution allow for its result and its logs. */
const maxBytes = 2 * fixedLimits.journalBytes
/** Maximum number of bytes that are read of an error response, and of a response that is not JSON. */
const maxErrorBytes = 1024 * 1024

export interface HttpClientOptions {
  readonly executorUrl: string
  readonly executorApiKey: string
  readonly connectTimeoutMs: number
  /** Proxies to use; undefined for none. */
  readonly proxies?: ProxyVariables | undefined
  /** Dispatcher that sends the requests; a new one by default. */
  readonly dispatcher?: Dispatcher
}

interface HttpRequest {
  readonly method: 'DELETE' | 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly accept?: 'application/json' | 'text/event-stream'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly attemptNumber?: number
  /** Called when a response with a 2xx status has begun. */
  readonly onBegun?: (() => void) | undefined
}

/** Function that sends a request. Resolves with the body of a 2xx response, or with the whole of any other response. */
type Exchange<Body> = (
  options: Dispatcher.DispatchOptions,
) => Promise<(Pick<HttpResponse, 'status' | 'headers'> & { readonly body: Body }) | HttpResponse>

/**
 * HTTP client that sends single requests to the executor, without retries. It adds headers and a span, and turns every
 * failure into a typed error. undici's timeouts are used only for connecting and for silent streams; the scope's signal
 * is the timeout of the request.
 */
export class HttpClient {
  readonly #agent: Dispatcher
  readonly #proxy: NamedProxy | undefined
  readonly #options: HttpClientOptions
  readonly #origin: string
  readonly #basePath: string
  readonly #latestReading = new LatestReading()
  #hasBeenReached = false

  constructor(options: HttpClientOptions) {
    const url = new URL(options.executorUrl)
    this.#options = options
    this.#origin = url.origin
    this.#basePath = withoutTrailingSlashes(url.pathname)
    const { connectTimeoutMs, proxies } = options
    const { dispatcher, proxy } = createDispatcher({ origin: this.#origin, connectTimeoutMs, proxies })
    this.#agent = options.dispatcher ?? dispatcher
    this.#proxy = proxy
  }

  /** Latest reading of the executor's clock; undefined while there is none. */
  get latestReading(): InstanceReading | undefined {
    return this.#latestReading.current
  }

  /** True if the executor has ever answered. */
  get hasBeenReached(): boolean {
    return this.#hasBeenReached
  }

  /** Sends a request and resolves with the text of its 2xx response. */
  text(request: HttpRequest, scope: RequestScope): Promise<SuccessResponse> {
    return this.#send(request, scope, async (options) => {
      const { signal } = scope
      const { onBegun } = request
      const response = await exchangeText(this.#agent, options, { signal, maxBytes, maxErrorBytes, onBegun })
      if (!isSuccess(response.status)) return response
      const foreign = () => foreignError(response, this.#connection(request, scope))
      return { ...response, body: { text: response.text, foreign } }
    })
  }

  /** Sends a request and resolves with the open body of its 2xx response, which the caller must read or destroy. */
  stream(request: HttpRequest, scope: RequestScope): Promise<Readable> {
    return this.#send({ ...request, accept: 'text/event-stream' }, scope, async (options) => {
      const waiting = { signal: scope.signal, bodyTimeout: streamSilenceMs }
      const { statusCode: status, headers: given, body } = await this.#agent.request({ ...options, ...waiting })
      const headers = singleHeaders(given)
      const type = headers['content-type']?.trim().toLowerCase() ?? ''
      const isStream = isSuccess(status) && type.startsWith('text/event-stream')
      const decoded = isStream ? decodeStream(body, headers) : undefined
      if (decoded !== undefined) {
        request.onBegun?.()
        return { status, headers, body: decoded }
      }
      // The status of an error response suffices; if its body breaks, the part that was received is dropped.
      const bytes = await readBytes(body, maxErrorBytes).catch(() => Buffer.alloc(0))
      return { status, headers, text: decodeText(bytes, headers, { isCut: true, maxBytes: maxErrorBytes }) }
    })
  }

  /** Destroys all connections. */
  close(): Promise<void> {
    return this.#agent.destroy()
  }

  #send<Body>(req: HttpRequest, scope: RequestScope, exchange: Exchange<Body>): Promise<Body> {
    const { method, attemptNumber = 1 } = req
    const { executionId, correlationId, signal } = scope
    const details = {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        [attributes.attempt]: attemptNumber,
        [attributes.correlationId]: correlationId,
        ...(executionId !== undefined && { [attributes.executionId]: executionId }),
      },
    }
    const connection = this.#connection(req, scope)
    return inSpan('codemode.request', details, async (span) => {
      let response
      try {
        response = await exchange(this.#dispatchOptions(req, scope))
        span.setAttribute(attributes.httpStatus, response.status)
        this.#observe(response)
        if ('body' in response) return response.body
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const failure = connectionError(error, connection)
        if (!failure.ambiguous) this.#latestReading.forget()
        throw failure
      }
      signal.throwIfAborted()
      throw responseError(response, connection)
    })
  }

  #connection({ method, path }: HttpRequest, { executionId, correlationId }: RequestScope) {
    const { connectTimeoutMs, executorApiKey } = this.#options
    const executorUrl = this.#origin + this.#basePath
    const urls = { origin: this.#origin, executorUrl, url: executorUrl + path }
    const server = { ...urls, proxy: this.#proxy, connectTimeoutMs, hasBeenReached: this.#hasBeenReached }
    return { ...server, executionId, correlationId, method, apiKey: executorApiKey }
  }

  #observe({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>): void {
    const hasReading = this.#latestReading.observe(headers)
    this.#hasBeenReached ||= hasReading || isSuccess(status)
  }

  #dispatchOptions(req: HttpRequest, scope: RequestScope): Dispatcher.DispatchOptions {
    return {
      origin: this.#origin,
      path: this.#basePath + req.path,
      method: req.method,
      headers: this.#headers(req, scope),
      body: req.body ?? null,
    }
  }

  #headers(
    { accept = 'application/json', headers: more, body }: HttpRequest,
    scope: RequestScope,
  ): Record<string, string> {
    return {
      ...traceHeaders(),
      accept,
      'accept-encoding': 'identity',
      [headers.authorization]: `Bearer ${this.#options.executorApiKey}`,
      [headers.correlationId]: scope.correlationId,
      ...(Number.isFinite(scope.deadlineAt) && { [headers.timeoutMs]: remainingMs(scope) }),
      ...(scope.executionId !== undefined && { [headers.executionId]: scope.executionId }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...more,
    }
  }
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function remainingMs({ deadlineAt }: RequestScope): string {
  return String(Math.max(1, Math.ceil(deadlineAt - performance.now())))
}

async function readBytes(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) break
  }
  return Buffer.concat(chunks)
}
