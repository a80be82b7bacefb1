import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import type { McpHttpHandler } from '../frameworks/mcp-server/mcp-http-handler.ts'
import { fetchRequest, sendResponse } from './fetch-bridge.ts'
import type { McpSdk } from './load-mcp-sdk.ts'
import { hasToken, isLoopback } from './mcp-token.ts'
import { UsageError } from './usage-error.ts'

const path = '/mcp'

interface McpHttpServerOptions {
  readonly host: string
  readonly port: number
  /** Token that clients must send; none if undefined. */
  readonly token: string | undefined
  readonly handler: McpHttpHandler
  readonly sdk: McpSdk
  report(this: void, error: unknown): void
}

/** HTTP server of the command `codemode mcp --http`. */
export class McpHttpServer {
  /** URL for MCP clients. */
  readonly url: string
  readonly #server: Server

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  /** Listens. Rejects with `UsageError` if the address can't be used. */
  static async listen(options: McpHttpServerOptions): Promise<McpHttpServer> {
    const { host, port, report } = options
    const server = createServer((incoming, outgoing) => {
      void serve(incoming, outgoing, options).catch((error: unknown) => {
        report(error)
        outgoing.destroy()
      })
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(options, error)))
      server.listen(port, host, resolve)
    })
    const address = server.address()
    const taken = typeof address === 'object' && address !== null ? address.port : port
    return new McpHttpServer(server, `http://${host.includes(':') ? `[${host}]` : host}:${taken}${path}`)
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: McpHttpServerOptions,
): Promise<void> {
  // A `Request` can't have this method.
  if (incoming.method === 'TRACE') return sendResponse(incoming, outgoing, methodNotAllowed())
  const request = fetchRequest(incoming, outgoing)
  await sendResponse(incoming, outgoing, refusal(request, options) ?? (await options.handler.fetch(request)))
}

function methodNotAllowed(): Response {
  return new Response('The method TRACE is not allowed.', { status: 405, headers: { allow: 'DELETE, GET, POST' } })
}

/** Returns the response for a request that must not reach the MCP server. */
function refusal(request: Request, { host, token, sdk }: McpHttpServerOptions): Response | undefined {
  if (new URL(request.url).pathname !== path) return new Response(`MCP is served at ${path}`, { status: 404 })
  if (isLoopback(host)) {
    // A page in a browser of this machine could send requests, under a name that its server resolves to this address.
    const names = [...sdk.localhostAllowedHostnames(), host]
    const foreign = sdk.hostHeaderValidationResponse(request, names) ?? sdk.originValidationResponse(request, names)
    if (foreign !== undefined) return foreign
  }
  if (token === undefined || hasToken(request, token)) return undefined
  return new Response('The header authorization must be "Bearer" and the token of this server.', {
    status: 401,
    headers: { 'www-authenticate': 'Bearer' },
  })
}

function cannotListen({ host, port }: McpHttpServerOptions, { code }: NodeJS.ErrnoException): UsageError {
  if (code === 'EADDRINUSE')
    return new UsageError(`--http ${port} is in use on ${host}. Use another port, or 0 for a free one.`)
  if (code === 'EACCES')
    return new UsageError(`--http ${port} requires privileges that this user does not have. Use a port above 1023.`)
  return new UsageError(`--host ${host} can't be used (${code}). Use an address of this machine, such as 127.0.0.1.`)
}
