import {
  createServer,
  request as send,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** Request on its way through a proxy. */
export interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly forwarded: ClientRequest
}

/** Server on a free port of this machine. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string
}

/**
 * Starts a proxy that forwards each request. `onAnswer` forwards the answer; `onPassage` is called with each request
 * before that.
 */
export async function startTinyProxy(
  target: { readonly url: string },
  onAnswer: (passage: Passage, answer: IncomingMessage) => void,
  onPassage: (passage: Passage) => void = () => {},
): Promise<LocalServer> {
  return listenLocally(
    createServer((request, response) => {
      const { method = 'GET', url = '/', headers } = request
      const forwarded = send(new URL(url, target.url), { method, headers, agent: false })
      const passage = { request, response, forwarded }
      forwarded.on('error', () => response.destroy())
      forwarded.on('response', (answer) =>
        onAnswer(
          passage,
          answer.on('error', () => response.destroy()),
        ),
      )
      response.once('close', () => forwarded.destroy())
      request.pipe(forwarded)
      onPassage(passage)
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
