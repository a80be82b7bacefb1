import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { ClientConfig, Codemode } from '@codemode/client'
import type { ErrorBody } from '@codemode/shared'
import { Webhook } from 'standardwebhooks'

import { connect } from './executor.ts'

/** Tool call as the executor sent it. */
export interface CallbackRequest {
  readonly callId: string
  readonly token: string
  readonly headers: Record<string, string>
  readonly body: string
  /** Resets its connection. */
  readonly reset: () => void
}

interface ToolHostOptions extends Partial<ClientConfig> {
  /** Path of the tool handler. */
  readonly path?: string
  /** Whether to break the connection of a request before the tool handler receives it. */
  readonly breaks?: (request: IncomingMessage) => boolean
}

/** HTTP server with a client's tool handler mounted in it. It records the deliveries of the executor. */
export class ToolHost implements AsyncDisposable {
  readonly deliveries: CallbackRequest[] = []
  readonly url: string
  readonly codemode: Codemode
  readonly #server: Server

  static async start(executor: { readonly url: string }, options: ToolHostOptions = {}): Promise<ToolHost> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new ToolHost(server, executor, options)
  }

  private constructor(server: Server, executor: { readonly url: string }, options: ToolHostOptions) {
    const { path = '/tools', breaks = () => false, ...config } = options
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
    this.codemode = connect(executor, { ...config, toolServer: { ...config.toolServer, url: this.url } })
    const serve = getRequestListener((request, env) => this.#serve(request, env as HttpBindings))
    server.on('request', (request, response) => {
      if (breaks(request)) request.socket.destroy()
      else void serve(request, response)
    })
  }

  /** Sends a delivery again, freshly signed, with changes. */
  async deliver(delivery: CallbackRequest, change: DeliveryChange = {}): Promise<{ status: number; body: Answer }> {
    const {
      token = delivery.token,
      signingKey = token,
      sentAt = new Date(),
      authorization = `Bearer ${token}`,
    } = change
    const body = JSON.stringify({ ...JSON.parse(delivery.body), ...change.message })
    const callId = change.webhookId ?? (JSON.parse(body) as { callId: string }).callId
    const response = await fetch(this.url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization,
        'webhook-id': callId,
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
        'webhook-signature': new Webhook(signingKey, { format: 'raw' }).sign(callId, sentAt, body),
        ...change.headers,
      },
    })
    return { status: response.status, body: (await response.json()) as Answer }
  }

  async #serve(request: Request, { incoming }: HttpBindings): Promise<Response> {
    const body = await request.clone().text()
    const headers = Object.fromEntries(request.headers)
    const token = headers['authorization']?.slice('Bearer '.length) ?? ''
    const reset = () => void incoming.socket.resetAndDestroy()
    this.deliveries.push({ callId: headers['webhook-id'] ?? '', token, headers, body, reset })
    return this.codemode.toolHandler(request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.codemode.close()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

type Answer = Partial<ErrorBody> & { readonly ok?: boolean; readonly output?: unknown }

interface DeliveryChange {
  readonly message?: Record<string, unknown>
  readonly token?: string
  readonly signingKey?: string
  readonly sentAt?: Date
  readonly webhookId?: string
  readonly authorization?: string
  readonly headers?: Record<string, string>
}
