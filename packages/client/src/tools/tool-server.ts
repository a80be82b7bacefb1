import { randomBytes } from 'node:crypto'

import { callbackSchema, RequestError, type Callback, type ToolCallMessage, type ToolResponse } from '@codemode/shared'
import { LRUCache } from 'lru-cache'

import type { ToolServerConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { linkArrival, withRemoteParent } from '../insight/telemetry.ts'
import { callFingerprint } from './call-fingerprint.ts'
import { CallConflict, CallRecord } from './call-record.ts'
import { correlationIdOf, readCallbackRequest, type CallbackRequest } from './callback-request.ts'
import { signToken, type TokenClaims } from './execution-token.ts'
import { fromFetchRequest, type IncomingRequest } from './incoming-request.ts'
import { Listener, type ServedResponse } from './listener.ts'
import { endedExecutionAnswer } from './tool-failure.ts'

/** Milliseconds by which a token outlives its execution. */
const tokenMarginMs = 60_000

/** Maximum number of executions that are remembered as ended. Calls that come later have mostly expired. */
const maxEnded = 10_000

/** Claims of a token about its tools, and about the processes that can serve its calls. */
type ServedClaims = Pick<TokenClaims, 'tools' | 'isBound' | 'isApprovedHere'>

interface ToolServerOptions {
  readonly config: ToolServerConfig | undefined
  /** Called with each unexpected error in answering a request. Must not throw. */
  readonly onError: (error: unknown, correlationId: string) => void
  /** Called to serve a call whose execution has not ended, with claims of the execution's token. */
  readonly serve: (message: ToolCallMessage, signal: AbortSignal, claims: ServedClaims) => Promise<ToolResponse>
  /** Called with each call that is refused because its id was used before with another tool or input. */
  readonly onConflict: (message: ToolCallMessage, conflict: CallConflict) => void
}

/** Serves the executor's calls of the client's tools, on a port of its own or mounted in the user's server. */
export class ToolServer {
  readonly #options: ToolServerOptions
  readonly #ended = new LRUCache<string, true>({ max: maxEnded })
  /** Secret of the execution tokens. */
  readonly #secret: Uint8Array
  readonly #url: string | undefined
  readonly #listener: Listener | undefined
  readonly #record = new CallRecord()
  #isClosed = false

  constructor(options: ToolServerOptions) {
    this.#options = options
    const { config } = options
    const { secret } = config ?? {}
    this.#secret = secret === undefined ? randomBytes(32) : new TextEncoder().encode(secret)
    this.#url = config?.url
    if (config?.port !== undefined) {
      this.#listener = new Listener({ port: config.port, host: config.host, answer: this.#answer })
    }
  }

  /**
   * Returns the callback for the request of an execution: the server's URL, and a token for that execution and its
   * tools only, which is valid for the life of the execution and a minute.
   */
  async callbackFor(executionId: string, claims: ServedClaims, lifetimeMs: number): Promise<Callback> {
    // After a refusal, another executor may run the execution under the same id.
    this.#ended.delete(executionId)
    const listening = await this.#listener?.url()
    const issuedAt = Date.now()
    const expiresAt = issuedAt + lifetimeMs + tokenMarginMs
    const token = signToken({ executionId, ...claims, issuedAt, expiresAt }, this.#secret)
    const callback = callbackSchema.safeParse({ url: this.#url ?? listening, token })
    if (callback.success) return callback.data
    throw new ConfigurationError(
      `The names of ${claims.tools.length} tools make the token of the execution too long (${token.length} characters).`,
      "codemode.executeAsync(code, { availableTools: ['only', 'those', 'it', 'needs'] })",
    )
  }

  /** Answers one request of the executor, in the form of `fetch`. Never rejects. */
  readonly handle = async (request: Request): Promise<Response> => {
    const { status, json } = await this.#answer(fromFetchRequest(request))
    return new Response(json, { status, headers: { 'content-type': 'application/json' } })
  }

  readonly #answer = async (request: IncomingRequest): Promise<ServedResponse> => {
    try {
      if (this.#isClosed) throw closedServer()
      const callback = await readCallbackRequest(request, this.#secret)
      const { message } = callback
      if (message.type === 'tool.call') {
        return { status: 200, json: await this.#answerCall(message, callback, request) }
      }
      this.#record.cancel(message.callId, message.reason)
      return { status: 200, json: '{"ok":true}' }
    } catch (error) {
      const correlationId = correlationIdOf(request)
      const refusal = error instanceof RequestError ? error : this.#unexpected(error, request, correlationId)
      return { status: refusal.httpStatus, json: JSON.stringify(refusal.toBody(correlationId)) }
    }
  }

  #unexpected(error: unknown, { signal }: IncomingRequest, correlationId: string): RequestError {
    // The connection may break while the request is read. That is no bug, and nobody receives the answer.
    if (!signal.aborted) this.#options.onError(error, correlationId)
    return new RequestError(
      'INTERNAL',
      `The tool server failed because of a bug. The client's log has the error under correlation id ${correlationId}.`,
    )
  }

  /** Listens now, if the server has a port of its own, and not only when the first callback is made. */
  async listen(): Promise<void> {
    await this.#listener?.url()
  }

  /** Refuses calls of an execution from now on, except those that have started. */
  refuseLaterCalls(executionId: string): void {
    this.#ended.set(executionId, true)
  }

  async #answerCall(
    message: ToolCallMessage,
    { expiresAt, claims }: Pick<CallbackRequest, 'expiresAt' | 'claims'>,
    request: IncomingRequest,
  ): Promise<string> {
    const { callId, executionId, tool, input, gracePeriodMs } = message
    const grace = gracePeriodMs !== undefined && { gracePeriodMs }
    const call = {
      id: callId,
      tool,
      fingerprint: callFingerprint(tool, input),
      keepUntil: expiresAt,
      ...grace,
      onJoin: () => linkArrival(callId, request.headers),
    }
    try {
      const json = await this.#record.answer(call, request.signal, (signal) =>
        withRemoteParent(request.headers, () => this.#serveUnlessEnded(message, signal, claims)),
      )
      // Closing this client aborts the handler, which is no answer for an execution that goes on without it.
      if (this.#isClosed && grace && isFailure(json)) throw closedServer()
      return json
    } catch (error) {
      if (!(error instanceof CallConflict)) throw error
      this.#options.onConflict(message, error)
      throw new RequestError('IDEMPOTENCY_CONFLICT', error.message, { executionId })
    }
  }

  #serveUnlessEnded(message: ToolCallMessage, signal: AbortSignal, claims: ServedClaims): Promise<ToolResponse> {
    const hasEnded = this.#ended.has(message.executionId)
    return hasEnded ? Promise.resolve(endedExecutionAnswer(message.tool)) : this.#options.serve(message, signal, claims)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#record.abortAll(new DOMException('The client was closed', 'AbortError'))
    await this.#listener?.close()
  }
}

function closedServer(): RequestError {
  return new RequestError('SHUTTING_DOWN', 'The tool server is closed, because its client was closed.')
}

function isFailure(answerJson: string): boolean {
  const response: ToolResponse = JSON.parse(answerJson)
  return 'ok' in response && !response.ok
}
