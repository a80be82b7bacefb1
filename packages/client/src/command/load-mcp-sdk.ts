import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cwd } from 'node:process'

import type { McpHttpSdk, McpRequestInfo, ConnectableMcpServer } from '../frameworks/mcp-server/mcp-sdk.ts'
import { UsageError } from './usage-error.ts'

/** Packages of the MCP SDK that the command uses. */
export interface McpSdk extends McpHttpSdk {
  serveStdio(
    factory: (request: McpRequestInfo) => Promise<ConnectableMcpServer>,
    options: { onerror: (error: Error) => void },
  ): { close(): Promise<void> }
  hostHeaderValidationResponse(request: Request, hosts: string[]): Response | undefined
  originValidationResponse(request: Request, hosts: string[]): Response | undefined
  localhostAllowedHostnames(): string[]
}

const name = '@modelcontextprotocol/server'

/**
 * Loads the MCP SDK, an optional peer dependency: beside this package, or from the project in the working directory. Throws
 * `UsageError` if it is not installed.
 */
export function loadMcpSdk(): McpSdk {
  for (const from of [import.meta.url, join(cwd(), 'package.json')]) {
    const require = createRequire(from)
    try {
      return { ...(require(name) as McpSdk), ...(require(`${name}/stdio`) as Pick<McpSdk, 'serveStdio'>) }
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new UsageError(`codemode mcp needs the package ${name}: npx -p @codemode/client -p ${name}@^2.4.0 codemode mcp`)
}
