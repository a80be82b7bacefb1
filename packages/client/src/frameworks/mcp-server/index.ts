/** MCP server by which an agent runs code: for `@modelcontextprotocol/server`. */
export type { ConnectableMcpServer, McpAuthInfo, McpHttpSdk, McpRequestInfo, McpServerSdk } from './mcp-sdk.ts'
export { mcpHttpHandler, type McpHttpHandler } from './mcp-http-handler.ts'
export { mcpServerFactory, type CodemodeFor, type McpServerOptions } from './mcp-server-factory.ts'
export { registerMcpTools, type McpToolsOptions } from './register-mcp-tools.ts'
export type {
  McpCallContext,
  McpContent,
  McpForm,
  McpInputRequired,
  McpServerLike,
  McpToolResult,
  RequestStateCodec,
} from './sdk-shapes.ts'
