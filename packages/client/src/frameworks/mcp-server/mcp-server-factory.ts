import { randomBytes } from 'node:crypto'

import type { Codemode } from '../../codemode.ts'
import type { ConnectableMcpServer, McpRequestInfo, McpServerSdk } from './mcp-sdk.ts'
import { registerMcpTools, type McpToolsOptions } from './register-mcp-tools.ts'

/** Options of an MCP server that runs code. */
export interface McpServerOptions extends Omit<McpToolsOptions, 'elicitation'> {
  /** Name by which the server introduces itself; `codemode` by default. */
  readonly name?: string | undefined
  /** Version of your server; `1.0.0` by default. */
  readonly version?: string | undefined
  /** Text for the model that MCP hosts show once, such as rules of your tools. */
  readonly instructions?: string | undefined
  /**
   * Handling of calls that need an approval: `result` (the default) reports them to the model, and a person decides elsewhere;
   * `elicit` asks the user of an MCP client that offers elicitation, which needs an API key with the right `approve`.
   */
  readonly approvals?: 'result' | 'elicit' | undefined
  /**
   * Key of at least 32 bytes that signs what clients send back with the answers of their users. Random by default; processes that
   * serve the same clients need the same one.
   */
  readonly stateKey?: Uint8Array | string | undefined
}

/** Client or view that runs the code of an MCP client, or the function that returns it for each request. */
export type CodemodeFor = Codemode | ((request: McpRequestInfo) => Codemode | Promise<Codemode>)

/** Seconds within which the user of an MCP client has to answer. */
const ttlSeconds = 3_600

/**
 * Returns a function that makes an MCP server for a client or a request, as `serveStdio` and `createMcpHandler` of
 * `@modelcontextprotocol/server` take it.
 *
 * @param sdk - `import * as sdk from '@modelcontextprotocol/server'`
 */
export function mcpServerFactory<Server extends ConnectableMcpServer>(
  sdk: McpServerSdk<Server>,
  codemode: CodemodeFor,
  options: McpServerOptions = {},
): (request?: McpRequestInfo) => Promise<Server> {
  const { name = 'codemode', version = '1.0.0', instructions, approvals = 'result', stateKey, ...tools } = options
  const codec =
    approvals === 'elicit'
      ? sdk.createRequestStateCodec({
          key: stateKey ?? randomBytes(32),
          ttlSeconds,
          bind: ({ http }) => http?.authInfo?.clientId ?? '',
        })
      : undefined
  return async (request = {}) => {
    const server = new sdk.McpServer(
      { name, version },
      {
        ...(instructions !== undefined && { instructions }),
        ...(codec && { requestState: { verify: codec.verify as never } }),
      },
    )
    const view = typeof codemode === 'function' ? await codemode(request) : codemode
    registerMcpTools(server, view, { ...tools, ...(codec && { elicitation: codec }) })
    return server
  }
}
