import type { Json } from '@codemode/shared'

import { ToolError } from '../errors/tool-error.ts'
import { type ContentBlock, textOfBlocks, valueOfBlocks } from './content-blocks.ts'

/** Result of a tool call in MCP. */
interface McpResult {
  readonly content?: readonly ContentBlock[] | undefined
  readonly structuredContent?: unknown
  readonly isError?: boolean | undefined
}

/** Returns the output in the result of an MCP call. Throws a ToolError for a result that is an error. */
export function mcpOutput(result: unknown): unknown {
  throwMcpError(result)
  const { content = [], structuredContent } = (result ?? {}) as McpResult
  return structuredContent ?? valueOfBlocks(content)
}

/** Throws a ToolError if a value is the result of an MCP call that failed. */
export function throwMcpError(value: unknown): void {
  const { isError, content, structuredContent } = (value ?? {}) as McpResult
  if (isError !== true || !Array.isArray(content)) return
  throw new ToolError(textOfBlocks(content) || 'The MCP server reported an error without a text', {
    ...(structuredContent !== undefined && { data: structuredContent as Json }),
  })
}
