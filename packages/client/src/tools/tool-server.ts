import { randomBytes } from 'node:crypto'

import { callbackSchema, RequestError, type Callback, type ToolAnswer, type ToolCallMessage } from '@codemode/shared'

import type { ToolServerConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { withRemoteParent } from '../telemetry.ts'
import { CallRecord } from './call-record.ts'
import { correlationIdOf, readDelivery, type IncomingRequest } from './delivery.ts'
import { Listener, type ServedAnswer } from './listener.ts'
import { requestByFetch } from './request-by-fetch.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Milliseconds for which a token outlives its execution's request. */
const tokenMarginMs = 60_000

interface ToolServerOptions {
  readonly config: ToolServerConfig | undefined
  readonly callTool: (message: ToolCallMessage, signal: AbortSignal) => Promise<ToolAnswer>
}

/** Serves the executor's calls of the client's tools, on a port of its own or mounted in the user's server. */
export class ToolServer {
  readonly #callTool: ToolServerOptions['callTool']
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

  /** Resolves with the URL of this server and a token for that execution and those tools only. */
  async callbackFor(executionId: string, tools: readonly string[], requestTimeoutMs: number): Promise<Callback> {
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
      const { message, expiresAt } = await readDelivery(request, this.#tokens)
      if (message.type === 'tool.cancel') {
        this.#record.cancel(message.callId, message.reason)
        return { status: 200, json: '{"ok":true}' }
      }
      const call = { id: message.callId, tool: message.tool, keepUntil: expiresAt }
      const json = await this.#record.answer(call, request.signal, (signal) =>
        withRemoteParent(request.headers, () => this.#callTool(message, signal)),
      )
      return { status: 200, json }
    } catch (error) {
      const refusal = error instanceof RequestError ? error : new RequestError('INTERNAL', 'The tool server failed.')
      return { status: refusal.httpStatus, json: JSON.stringify(refusal.toBody(correlationIdOf(request))) }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#record.abortAll(new DOMException('The client was closed', 'AbortError'))
    await this.#listener?.close()
  }
}
