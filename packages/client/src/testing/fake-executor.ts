/** Executor for tests over real HTTP, with the responses and faults that the test chooses. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { ErrorCode, ExecutionEvent, ExecutionRequest, ExecutionResult } from '@codemode/shared'

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

type EventFields = ExecutionEvent extends infer Event
  ? Event extends ExecutionEvent
    ? Omit<Event, 'id' | 'at' | 'executionId'>
    : never
  : never

/** Response to one request. */
export class FakeReply {
  readonly #response: ServerResponse
  readonly #executionId: string
  #eventId = 0

  constructor(response: ServerResponse, executionId: string) {
    this.#response = response
    this.#executionId = executionId
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

  error(status: number, code: ErrorCode, more: object = {}, headers: Record<string, string> = {}): void {
    const error = { code, message: `it is ${code}`, retryable: false, ambiguous: false, correlationId: 'c'.repeat(16) }
    this.json(status, { error: { ...error, ...more } }, headers)
  }

  result(result: unknown): void {
    this.json(200, resultOf(this.#executionId, result))
  }

  /** Destroys the connection. */
  destroy(): void {
    this.#response.destroy()
  }

  /** Sends the next event of a stream, with the given number as its id if there is one. */
  event(fields: EventFields, id?: number): void {
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'text/event-stream' })
    this.#eventId = id ?? this.#eventId + 1
    const event = { ...fields, id: String(this.#eventId), at: new Date().toISOString(), executionId: this.#executionId }
    this.#response.write(`: hb\n\nid: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  started(id?: number): void {
    this.event({ type: 'started', correlationId: 'c'.repeat(16) }, id)
  }

  called(n: number, tool: string, input: unknown, deadlineMs = 10_000): void {
    const deadline = new Date(Date.now() + deadlineMs).toISOString()
    this.event({ type: 'tool.called', callId: `${this.#executionId}:${n}`, tool, input: input as never, deadline })
  }

  finished(value: unknown, id?: number): void {
    this.event({ type: 'finished', result: resultOf(this.#executionId, value) }, id)
    this.#response.end()
  }

  failed(code: ErrorCode, more: object = {}): void {
    this.json(200, failedResultOf(this.#executionId, code, more))
  }

  write(text: string): void {
    this.#response.write(text)
  }
}

const fields = (executionId: string) => ({
  executionId,
  correlationId: 'c'.repeat(16),
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  toolCalls: [],
  warnings: [],
  usage: { cpuMs: 1, wallMs: 2, queueMs: 0, waitMs: 0, turns: 1, replays: 0 },
})

export function resultOf(executionId: string, value: unknown): ExecutionResult {
  return { ...fields(executionId), success: true, result: value as never }
}

export function failedResultOf(executionId: string, code: ErrorCode, more: object = {}): ExecutionResult {
  const error = { code: code as 'GUEST_ERROR', name: 'TypeError', message: `it is ${code}`, retryable: false, ...more }
  return { ...fields(executionId), success: false, error }
}

type Handler = (request: FakeRequest, reply: FakeReply) => unknown

export class FakeExecutor implements AsyncDisposable {
  /** Requests received, except those for `/v1/info`. */
  readonly requests: FakeRequest[] = []
  /** Instance id in the headers of the responses. */
  instance = 'f'.repeat(32)
  /** Called to answer `GET /v1/info`. */
  info: (reply: FakeReply) => void = (reply) => reply.json(200, {})
  /** Clock reading in the headers of the last response. */
  clockMs = 0
  readonly #server: Server
  readonly #watchers = new Set<() => void>()

  private constructor(handler: Handler) {
    this.#server = createServer((request, response) => void this.#serve(handler, request, response))
  }

  /** Starts an executor on a free port, whose requests the handler answers. */
  static async start(handler: Handler): Promise<FakeExecutor> {
    const executor = new FakeExecutor(handler)
    executor.#server.listen(0, '127.0.0.1')
    await once(executor.#server, 'listening')
    return executor
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Returns the requests whose path ends with the text. */
  requestsTo(ending: string): FakeRequest[] {
    return this.requests.filter(({ path }) => path.endsWith(ending))
  }

  /** Resolves with the n-th request whose path ends with the text, as soon as it has arrived. */
  async nextRequest(ending: string, n = 1): Promise<FakeRequest> {
    for (;;) {
      const request = this.requestsTo(ending)[n - 1]
      if (request !== undefined) return request
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(handler: Handler, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    try {
      for await (const chunk of incoming.setEncoding('utf8')) body += chunk
    } catch {
      return
    }
    const headers = incoming.headers as Record<string, string>
    response.setHeader('x-codemode-instance', this.instance).setHeader('x-codemode-clock', String((this.clockMs += 1)))
    // Every client requests it before its first execution; tests count only the other requests.
    if (incoming.url === '/v1/info') return this.info(new FakeReply(response, ''))
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers, body }
    this.requests.push(request)
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
    const executionId = headers['x-codemode-execution-id'] ?? ''
    await handler(request, new FakeReply(response, executionId))
  }
}

/** Returns the body of a `POST /v1/executions`. */
export function executionOf(request: FakeRequest): ExecutionRequest & { id: string } {
  return JSON.parse(request.body) as ExecutionRequest & { id: string }
}
