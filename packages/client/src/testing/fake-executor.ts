/** Executor for tests over real HTTP, with the responses and faults that the test chooses. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { ExecutionRequest } from '@codemode/shared'

import { FakeReply, runningRecordOf } from './fake-reply.ts'

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

type Handler = (request: FakeRequest, reply: FakeReply) => unknown

export class FakeExecutor implements AsyncDisposable {
  /**
   * Requests received, except those for `/v1/info`, and those for the record of an execution whose calls `FakeReply.called`
   * made: it is under way.
   */
  readonly requests: FakeRequest[] = []
  /** Instance id in the headers of the responses. */
  instance = 'f'.repeat(32)
  /** Called to answer `GET /v1/info`. */
  info: (reply: FakeReply) => void = (reply) => reply.json(200, {})
  /** Clock reading in the headers of the last response. */
  clockMs = 0
  readonly #server: Server
  readonly #watchers = new Set<() => void>()
  /** Open calls of each execution that `FakeReply.called` made. A client on a slow machine reads its record to find them. */
  readonly #openCalls = new Map<string, Set<string>>()

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
    const recordId = request.method === 'GET' ? request.path.replace('/v1/executions/', '') : ''
    const openCalls = this.#openCalls.get(recordId)
    if (openCalls) return new FakeReply(response, recordId).json(200, runningRecordOf(recordId, [...openCalls]))
    this.requests.push(request)
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
    const executionId = headers['x-codemode-execution-id'] ?? ''
    const openCallsOf = (): Set<string> => {
      if (!this.#openCalls.has(executionId)) this.#openCalls.set(executionId, new Set())
      return this.#openCalls.get(executionId)!
    }
    await handler(
      request,
      new FakeReply(response, executionId, {
        onCalled: (callId) => openCallsOf().add(callId),
        onSettled: (callId) => this.#openCalls.get(executionId)?.delete(callId),
      }),
    )
  }
}

/** Returns the body of a `POST /v1/executions`. */
export function executionOf(request: FakeRequest): ExecutionRequest & { id: string } {
  return JSON.parse(request.body) as ExecutionRequest & { id: string }
}
