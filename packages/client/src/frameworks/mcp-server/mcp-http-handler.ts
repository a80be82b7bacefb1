import { ClientSessions } from './client-sessions.ts'
import type { ConnectableMcpServer, McpAuthInfo, McpHttpSdk } from './mcp-sdk.ts'
import { mcpServerFactory, type CodemodeFor, type McpServerOptions } from './mcp-server-factory.ts'

/** Handler of MCP clients over streamable HTTP. */
export interface McpHttpHandler {
  /** Answers a request. The application verifies who sends it, and passes that on as `authInfo`. */
  fetch(this: void, request: Request, options?: { readonly authInfo?: McpAuthInfo | undefined }): Promise<Response>
  /** Ends all connections, and cancels the code that their requests run. */
  close(this: void): Promise<void>
}

/**
 * Returns a handler of MCP clients of the protocols 2025-11-25 and 2026-07-28 over HTTP, to mount at a path of your server. A
 * client of 2025-11-25 keeps a session in this process, in which it can cancel its requests and be asked by elicitation.
 *
 * @param sdk - `import * as sdk from '@modelcontextprotocol/server'`
 */
export function mcpHttpHandler<Server extends ConnectableMcpServer>(
  sdk: McpHttpSdk<Server>,
  codemode: CodemodeFor,
  options: McpServerOptions = {},
): McpHttpHandler {
  const factory = mcpServerFactory(sdk, codemode, options)
  const onerror = (error: unknown): void => options.onError?.(error)
  const modern = sdk.createMcpHandler(factory as never, { legacy: 'reject', onerror } as never)
  const sessions = new ClientSessions(sdk, factory)
  return {
    async fetch(request, { authInfo } = {}) {
      if (await sdk.isLegacyRequest(request)) return sessions.fetch(request, authInfo)
      return modern.fetch(request, authInfo === undefined ? {} : { authInfo: authInfo as never })
    },
    async close() {
      await Promise.all([modern.close(), sessions.close()])
    },
  }
}
