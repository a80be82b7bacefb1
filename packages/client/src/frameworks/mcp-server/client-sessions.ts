// Sessions of MCP clients of the protocol 2025-11-25 over HTTP. A client names its session in a header, and its requests belong to
// one server, so that a notification reaches the request that it cancels. Clients of 2026-07-28 have no sessions.
import { randomUUID } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import type { ConnectableMcpServer, McpAuthInfo, McpHttpSdk, McpRequestInfo } from './mcp-sdk.ts'

/** Maximum number of sessions; the one that was not used for longest is closed when there are more. */
const maxSessions = 1_000
/** Milliseconds without a request after which a session is closed. */
const idleMs = 3_600_000

interface ClientSession {
  readonly server: ConnectableMcpServer
  readonly transport: InstanceType<McpHttpSdk['WebStandardStreamableHTTPServerTransport']>
  /** Id of the client that has started the session; no other one may use it. */
  readonly clientId: string | undefined
}

/** Sessions of MCP clients, each with a server of its own. */
export class ClientSessions {
  readonly #sdk: Pick<McpHttpSdk, 'WebStandardStreamableHTTPServerTransport'>
  readonly #serverFor: (request: McpRequestInfo) => Promise<ConnectableMcpServer>
  readonly #sessions = new LRUCache<string, ClientSession>({
    max: maxSessions,
    ttl: idleMs,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: ({ server }) => void server.close().catch(() => {}),
  })

  constructor(
    sdk: Pick<McpHttpSdk, 'WebStandardStreamableHTTPServerTransport'>,
    serverFor: (request: McpRequestInfo) => Promise<ConnectableMcpServer>,
  ) {
    this.#sdk = sdk
    this.#serverFor = serverFor
  }

  /** Answers a request of a session, or one that starts a session. */
  async fetch(request: Request, authInfo: McpAuthInfo | undefined): Promise<Response> {
    const id = request.headers.get('mcp-session-id')
    const known = id === null ? await this.#start(authInfo) : this.#sessions.get(id)
    if (known === undefined || known.clientId !== authInfo?.clientId) return unknownSession()
    const response = await known.transport.handleRequest(
      request,
      authInfo === undefined ? {} : { authInfo: authInfo as never },
    )
    // A first request that is not valid has started no session.
    if (known.transport.sessionId === undefined) await known.server.close()
    return response
  }

  async close(): Promise<void> {
    const open = [...this.#sessions.values()]
    await Promise.all(open.map(({ server }) => server.close()))
    this.#sessions.clear()
  }

  async #start(authInfo: McpAuthInfo | undefined): Promise<ClientSession> {
    const server = await this.#serverFor({ authInfo })
    const transport = new this.#sdk.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    })
    const session = { server, transport, clientId: authInfo?.clientId }
    await server.connect(transport as never)
    return session
  }
}

/** Returns the response after which a client starts another session. */
function unknownSession(): Response {
  const error = { code: -32_001, message: 'Session not found' }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 })
}
