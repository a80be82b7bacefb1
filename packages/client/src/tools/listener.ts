import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { fromHttpRequest, type IncomingRequest } from './incoming-request.ts'

/** Answer to a request. */
export interface ServedResponse {
  readonly status: number
  readonly json: string
}

interface ListenerOptions {
  readonly port: number
  readonly host?: string | undefined
  /** Answers a request. Never rejects. */
  readonly answer: (request: IncomingRequest) => Promise<ServedResponse>
}

/**
 * Runs a function outside of the asynchronous context of its caller. Node serves all requests of a server in the context in
 * which the server was made, which would be that of the first execution.
 */
const withoutContext = AsyncLocalStorage.snapshot()

/**
 * HTTP server of the tool server on a port of its own. It listens when it is first needed, and does not keep the
 * process alive.
 */
export class Listener {
  readonly #options: ListenerOptions
  #server: Promise<Server> | undefined

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** Listens if it does not yet, and returns the URL. Rejects with a ConfigurationError if it can't listen. */
  async url(): Promise<string> {
    this.#server ??= withoutContext(listen, this.#options).catch((error: unknown) => {
      this.#server = undefined
      throw error
    })
    const address = (await this.#server).address()
    const port = typeof address === 'object' && address !== null ? address.port : this.#options.port
    const host = this.#options.host ?? defaultHost
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    if (server === undefined) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
}

const defaultHost = '127.0.0.1'

async function listen({ port, host = defaultHost, answer }: ListenerOptions): Promise<Server> {
  const server = createServer(async (incoming, outgoing) => {
    respond(incoming, outgoing, await answer(fromHttpRequest(incoming, outgoing)))
  })
  server.unref()
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => reject(cannotListen(port, host, cause))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  return server
}

function respond(incoming: IncomingMessage, outgoing: ServerResponse, { status, json }: ServedResponse): void {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }
  // The body of a refused request may be unread, so the connection can't be used again.
  outgoing.writeHead(status, incoming.complete ? headers : { ...headers, connection: 'close' }).end(json)
}

function cannotListen(port: number, host: string, cause: NodeJS.ErrnoException): ConfigurationError {
  const problem =
    cause.code === 'EADDRINUSE'
      ? ': the port is in use (EADDRINUSE). Set another toolServer.port, or 0 for a free one.'
      : ` (${cause.code}). Set another toolServer.port or toolServer.host.`
  return new ConfigurationError(
    `Cannot listen on ${host}:${port}${problem}`,
    'toolServer: { port: 0 }  // picks a free port',
    { cause },
  )
}
