import { randomBytes } from 'node:crypto'

import { callbackSchema, RequestError, type Callback, type ToolAnswer, type ToolCallMessage } from '@codemode/shared'
import { LRUCache } from 'lru-cache'

import type { ToolServerConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { withRemoteParent } from '../telemetry.ts'
import { CallRecord } from './call-record.ts'
import { correlationIdOf, readDelivery, type Delivery, type IncomingRequest } from './delivery.ts'
import { Listener, type ServedAnswer } from './listener.ts'
import { requestByFetch } from './request-by-fetch.ts'
import { executionEnded } from './tool-failure.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Milliseconds that a token is valid for after its execution's request must have ended. */
const tokenMarginMs = 60_000

/** Number of executions of which it is known here that they have ended. Calls that come later have mostly expired. */
const maxEnded = 10_000

interface ToolServerOptions {
  readonly config: ToolServerConfig | undefined
  readonly callTool: (message: ToolCallMessage, signal: AbortSignal) => Promise<ToolAnswer>
}

/** Serves the executor's calls of the client's tools, on a port of its own or mounted in a server of yours. */
export class ToolServer {
  readonly #callTool: ToolServerOptions['callTool']
  readonly #ended = new LRUCache<string, true>({ max: maxEnded })
  readonly #tokens: VerifiedTokens
  readonly #url: string | undefined
  readonly #listener: Listener | undefined
  readonly #record = new CallRecord()
  #closed = false

  constructor({ config, callTool }: ToolServerOptions) {
    this.#callTool = callTool
    const { secret } = config ?? {}
    this.#tokens = new VerifiedTokens(secret === undefined ? randomBytes(32) : new TextEncoder().encode(secret))
    this.#url = config?.url
    if (config?.port !== undefined) {
      this.#listener = new Listener({ port: config.port, host: config.host, answer: this.#answer })
    }
  }

  /** Returns the callback for an execution's request: the URL of this server, and a token for that execution and tools. */
  async callbackFor(executionId: string, tools: readonly string[], requestTimeoutMs: number): Promise<Callback> {
    // Another executor may run an execution that one has refused, under the same id.
    this.#ended.delete(executionId)
    const listening = await this.#listener?.url()
    const token = this.#tokens.issue({ executionId, tools }, requestTimeoutMs + tokenMarginMs)
    const callback = callbackSchema.safeParse({ url: this.#url ?? listening, token })
    if (callback.success) return callback.data
    throw new ConfigurationError(
      `The names of ${tools.length} tools do not fit into the token of one execution (${token.length} characters).`,
      "codemode.executeAsync(code, { availableTools: ['only', 'those', 'it', 'needs'] })",
    )
  }

  /** Answers one request of the executor in the form of `fetch`. It never rejects. */
  readonly handle = async (request: Request): Promise<Response> => {
    const { status, json } = await this.#answer(requestByFetch(request))
    return new Response(json, { status, headers: { 'content-type': 'application/json' } })
  }

  readonly #answer = async (request: IncomingRequest): Promise<ServedAnswer> => {
    try {
      if (this.#closed) throw new RequestError('SHUTTING_DOWN', 'The client is closed.')
      const delivery = await readDelivery(request, this.#tokens)
      const call = { id: delivery.message.callId, keepUntil: delivery.expiresAt }
      const json = await this.#record.answer(call, request.signal, (signal) =>
        withRemoteParent(request.headers, () => this.#serve(delivery, signal)),
      )
      return { status: 200, json }
    } catch (error) {
      const refusal = error instanceof RequestError ? error : new RequestError('INTERNAL', 'The tool server failed.')
      return { status: refusal.httpStatus, json: JSON.stringify(refusal.toBody(correlationIdOf(request))) }
    }
  }

  /** Refuses calls of an execution from now on that have not been started. */
  executionEnded(executionId: string): void {
    this.#ended.set(executionId, true)
  }

  #serve({ message }: Delivery, signal: AbortSignal): Promise<ToolAnswer> {
    return this.#ended.has(message.executionId)
      ? Promise.resolve(executionEnded(message.tool))
      : this.#callTool(message, signal)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#record.abortAll(new DOMException('The client was closed', 'AbortError'))
    await this.#listener?.close()
  }
}
