import type { Readable } from 'node:stream'

import { headers } from '@codemode/shared'
import { SpanKind } from '@opentelemetry/api'
import { Agent, type Dispatcher } from 'undici'

import { attributes, inSpan, traceHeaders } from '../telemetry.ts'
import { connectionError } from './connection-error.ts'
import { exchangeText } from './exchange-text.ts'
import { BelatedRequest, punctual } from './punctual.ts'
import { responseError, type ErrorAnswer } from './response-error.ts'

/** A stream that is silent for so long, heartbeats included, is taken for broken. */
const streamSilenceMs = 60_000
/** How much of an error's body is read. */
const maxErrorBytes = 1024 * 1024

export interface HttpClientOptions {
  readonly executorUrl: string
  readonly executorApiKey: string
  readonly connectTimeoutMs: number
}

/** What a request belongs to, and until when it is worth something. */
export interface RequestScope {
  readonly executionId?: string | undefined
  readonly correlationId: string
  /** Aborts the request; its reason is what is thrown. */
  readonly signal: AbortSignal
  /** By `performance.now()`; infinite if there is none. */
  readonly deadlineAt: number
}

interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly accept?: 'application/json' | 'text/event-stream'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly attempt?: number
  /** When an earlier attempt, which may have arrived, was made; by `performance.now()`. */
  readonly firstSentAt?: number | undefined
}

/** A request and its answer: the body of one of 2xx, and what an error is read from otherwise. */
type Exchange<Body> = (
  options: Dispatcher.DispatchOptions,
) => Promise<{ readonly status: number; readonly body: Body } | ErrorAnswer>

/**
 * One request to the executor, without retries: headers, span, and every failure as a typed error. There is no timeout
 * of undici's own except for connecting and for silent streams; the scope's signal is the clock.
 */
export class HttpClient {
  readonly #agent: Dispatcher
  readonly #options: HttpClientOptions
  readonly #origin: string
  readonly #basePath: string

  constructor(options: HttpClientOptions) {
    const url = new URL(options.executorUrl)
    this.#options = options
    this.#origin = url.origin
    this.#basePath = withoutTrailingSlashes(url.pathname)
    this.#agent = new Agent({
      connect: { timeout: options.connectTimeoutMs },
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
    }).compose(punctual)
  }

  /** The text of a 2xx answer. */
  text(request: HttpRequest, scope: RequestScope): Promise<string> {
    return this.#send(request, scope, async (options) => {
      const { signal } = scope
      const answer = await exchangeText(this.#agent, options, { signal, maxErrorBytes })
      return isSuccess(answer.status) ? { status: answer.status, body: answer.text } : answer
    })
  }

  /** The body of a 2xx answer, open. Whoever gets it ends it. */
  stream(request: HttpRequest, scope: RequestScope): Promise<Readable> {
    return this.#send({ ...request, accept: 'text/event-stream' }, scope, async (options) => {
      const waiting = { signal: scope.signal, bodyTimeout: streamSilenceMs }
      const { statusCode: status, headers, body } = await this.#agent.request({ ...options, ...waiting })
      if (isSuccess(status)) return { status, body }
      // What came of the body tells more; the status says enough.
      const text = await readText(body, maxErrorBytes).catch(() => '')
      return { status, headers: headers as ErrorAnswer['headers'], text }
    })
  }

  /** Breaks all connections. */
  close(): Promise<void> {
    return this.#agent.destroy()
  }

  #send<Body>(req: HttpRequest, scope: RequestScope, exchange: Exchange<Body>): Promise<Body> {
    const { method, attempt = 1 } = req
    const { executionId, correlationId, signal } = scope
    const details = {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        [attributes.attempt]: attempt,
        [attributes.correlationId]: correlationId,
        ...(executionId !== undefined && { [attributes.executionId]: executionId }),
      },
    }
    const connection = {
      origin: this.#origin,
      connectTimeoutMs: this.#options.connectTimeoutMs,
      executionId,
      correlationId,
    }
    return inSpan('codemode.request', details, async (span) => {
      let answer
      try {
        answer = await this.#punctually(() => exchange(this.#dispatchOptions(req, scope)))
        span.setAttribute(attributes.httpStatus, answer.status)
        if ('body' in answer) return answer.body
      } catch (error) {
        throw signal.aborted ? signal.reason : connectionError(error, connection)
      }
      signal.throwIfAborted()
      throw responseError(answer, connection)
    })
  }

  /** Sends it again, with its age as of then, if it had to wait for its connection. */
  async #punctually<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      if (error instanceof BelatedRequest) return this.#punctually(send)
      throw error
    }
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
    { accept = 'application/json', headers: more, body, firstSentAt }: HttpRequest,
    scope: RequestScope,
  ): Record<string, string> {
    return {
      ...traceHeaders(),
      accept,
      [headers.authorization]: `Bearer ${this.#options.executorApiKey}`,
      [headers.correlationId]: scope.correlationId,
      ...(Number.isFinite(scope.deadlineAt) && { [headers.timeoutMs]: remainingMs(scope) }),
      ...(scope.executionId !== undefined && { [headers.executionId]: scope.executionId }),
      ...(firstSentAt !== undefined && { [headers.firstSentMsAgo]: msSince(firstSentAt) }),
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

const msSince = (at: number): string => String(Math.ceil(performance.now() - at))

async function readText(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
