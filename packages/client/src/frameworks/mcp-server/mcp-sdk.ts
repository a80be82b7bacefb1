import type { McpServerLike, RequestStateCodec } from './sdk-shapes.ts'

/** MCP server that can be connected and closed: `McpServer` of `@modelcontextprotocol/server`. */
export interface ConnectableMcpServer extends McpServerLike {
  /** Connects the server to a transport. */
  connect(transport: never): Promise<void>
  /** Closes the connection. */
  close(): Promise<void>
}

/** Request of an MCP client over HTTP, of which the server of that client can be made. */
export interface McpRequestInfo {
  /** Identity of the client, as the application has verified it. */
  readonly authInfo?: McpAuthInfo | undefined
}

/** Identity of an MCP client, as the application has verified it. */
export interface McpAuthInfo {
  /** Id of the client. */
  readonly clientId: string
}

interface FetchOptions {
  readonly authInfo?: never
}

/** Transport of one MCP client of the protocol 2025-11-25 over HTTP. */
interface HttpTransport {
  readonly sessionId?: string | undefined
  handleRequest(request: Request, options?: FetchOptions): Promise<Response>
}

/** Options of a codec for the state of a call. */
interface CodecOptions {
  key: Uint8Array | string
  ttlSeconds: number
  bind: (context: { http?: { authInfo?: McpAuthInfo } }) => string
}

/** Parts of the package `@modelcontextprotocol/server` that make servers: `import * as sdk from '@modelcontextprotocol/server'`. */
export interface McpServerSdk<Server extends ConnectableMcpServer = ConnectableMcpServer> {
  /** Class of the servers. */
  McpServer: new (
    info: { name: string; version: string },
    options?: { instructions?: string; requestState?: { verify: never } },
  ) => Server
  /** Returns a codec for the state of a call. */
  createRequestStateCodec(options: CodecOptions): RequestStateCodec & { verify: unknown }
}

/** Parts of the package `@modelcontextprotocol/server` that serve HTTP. */
export interface McpHttpSdk<Server extends ConnectableMcpServer = ConnectableMcpServer> extends McpServerSdk<Server> {
  /** Returns a handler for clients of the protocol 2026-07-28. It takes a factory of servers, and options. */
  createMcpHandler(
    factory: never,
    options: never,
  ): { fetch(request: Request, options?: FetchOptions): Promise<Response>; close(): Promise<void> }
  /** Returns whether a request is one of the protocol 2025-11-25. */
  isLegacyRequest(request: Request): Promise<boolean>
  /** Class of the transports for clients of the protocol 2025-11-25. */
  WebStandardStreamableHTTPServerTransport: new (options: {
    sessionIdGenerator: () => string
    onsessioninitialized: (id: string) => void
    onsessionclosed: (id: string) => void
  }) => HttpTransport
}
