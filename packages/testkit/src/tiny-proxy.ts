import {
  createServer,
  request as send,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** Request that a proxy forwards. */
export interface ProxiedRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly forwarded: ClientRequest
}

/** Server on a free port of this machine. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string
}

/**
 * Starts a proxy that forwards each request. `onAnswer` forwards the answer; `onRequest` is called with each request
 * before that.
 */
export async function startTinyProxy(
  target: { readonly url: string },
  onAnswer: (proxied: ProxiedRequest, answer: IncomingMessage) => void,
  onRequest: (proxied: ProxiedRequest) => void = () => {},
): Promise<LocalServer> {
  return listenLocally(
    createServer((request, response) => {
      const { method = 'GET', url = '/', headers } = request
      const forwarded = send(new URL(url, target.url), { method, headers, agent: false })
      const proxied = { request, response, forwarded }
      forwarded.on('error', () => response.destroy())
      forwarded.on('response', (answer) =>
        onAnswer(
          proxied,
          answer.on('error', () => response.destroy()),
        ),
      )
      response.once('close', () => forwarded.destroy())
      request.pipe(forwarded)
      onRequest(proxied)
    }),
  )
}

/** Starts a server on a free port of this machine. */
export async function listenLocally(server: Server): Promise<LocalServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
