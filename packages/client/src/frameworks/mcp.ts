/** Entry point `@codemode/client/mcp`. */
export { fromMcpClient, type FromMcpOptions, type McpClient, type McpTool } from './mcp-tools.ts'
