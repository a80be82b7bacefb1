/** Tools of MCP servers for the code. Only the shape of a client is used, which both generations of the SDK have. */
import type { JsonObject } from '@codemode/shared'

import type { ApprovalRule, Tool, ToolAnnotations, ToolCall } from '../tools/define.ts'
import { convertTools, type ForeignTool } from './convert-tools.ts'
import { mcpOutput } from './mcp-result.ts'

/** Hints of an MCP server about a tool. */
interface McpHints {
  readonly readOnlyHint?: boolean | undefined
  readonly destructiveHint?: boolean | undefined
  readonly idempotentHint?: boolean | undefined
}

/** Tool as an MCP server lists it. */
export interface McpTool {
  /** Name by which the server knows the tool. */
  readonly name: string
  /** Description for the model. */
  readonly description?: string | undefined
  /** JSON Schema of the arguments. */
  readonly inputSchema: unknown
  /** JSON Schema of the structured content. */
  readonly outputSchema?: unknown
  /** Hints of the server; an untrusted server may lie. */
  readonly annotations?: McpHints | undefined
}

interface McpToolList {
  readonly tools: readonly McpTool[]
  readonly nextCursor?: string | undefined
}

/** Client of an MCP server: `Client` of `@modelcontextprotocol/client`, or of `@modelcontextprotocol/sdk`, connected. */
export interface McpClient {
  /** Lists the tools of the server, or one page of them. */
  listTools(params?: { cursor?: string }): Promise<McpToolList>
  /** Calls a tool. */
  callTool(params: { name: string; arguments?: Record<string, unknown> }, ...options: never[]): Promise<unknown>
}

/** Options of `fromMcpClient`. */
export interface FromMcpOptions {
  /** Namespace of the tools, such as `github`: code calls `tools.github.create_issue`. None by default. */
  readonly namespace?: string | undefined
  /** Function that returns whether a tool is made callable; all are by default. */
  readonly include?: ((tool: McpTool) => boolean) | undefined
  /**
   * Function that returns whether calls of a tool require an approval, or the rule that decides for each call. By default none
   * do.
   */
  readonly requiresApproval?: ((tool: McpTool) => boolean | ApprovalRule) | undefined
}

/** Milliseconds by which the timeout of the SDK is later than that of the call, which is then the one that is reported. */
const timeoutMarginMs = 1_000

/** Maximum number of pages of a list of tools. */
const maxPages = 64

/**
 * Lists the tools of a connected MCP client and resolves with them as tools for the code, by names by which it can call them. The
 * output of a call is the structured content, else the text, else the blocks; a result with `isError` is an error. The list is
 * read once. Rejects with a ConfigurationError for a tool that can't be converted.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { fromMcpClient, type McpClient } from '@codemode/client/mcp'
 *
 * async function run(code: string, github: McpClient) {
 *   await using codemode = Codemode.fromEnv({ tools: await fromMcpClient(github, { namespace: 'github' }) })
 *   return await codemode.run(code)
 * }
 */
export async function fromMcpClient(client: McpClient, options: FromMcpOptions = {}): Promise<Record<string, Tool>> {
  const { namespace, include = () => true, requiresApproval } = options
  const prefix = namespace === undefined ? '' : `${namespace}.`
  const tools = (await allTools(client)).filter((tool) => include(tool))
  return convertTools(
    tools.map((tool) => [`${prefix}${tool.name}`, tool] as const),
    (tool) => ({ ...convert(client, tool), requiresApproval: requiresApproval?.(tool) }),
  )
}

async function allTools(client: McpClient): Promise<McpTool[]> {
  const tools: McpTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const list = await client.listTools(cursor === undefined ? undefined : { cursor })
    tools.push(...list.tools)
    cursor = list.nextCursor
    if (cursor === undefined) return tools
  }
  throw new Error(`The MCP server lists its tools in more than ${maxPages} pages.`)
}

function convert(client: McpClient, tool: McpTool): ForeignTool {
  const { name, description, inputSchema, outputSchema } = tool
  return {
    description,
    jsonSchema: inputSchema,
    outputSchema: outputSchema as JsonObject | undefined,
    annotations: annotationsOf(tool.annotations),
    execute: async (input: Record<string, unknown>, call) =>
      mcpOutput(await callTool(client, { name, arguments: input }, call)),
  }
}

/**
 * Calls a tool with a signal, and with the call's own deadline, because SDKs have one of 60 s. The second argument is the
 * options in version 2 of the SDK, and in version 1 the schema of the result, before the options; this one is both.
 */
function callTool(client: McpClient, params: { name: string; arguments: Record<string, unknown> }, call: ToolCall) {
  const { signal, deadline } = call
  const options = { signal, timeout: Math.max(deadline.getTime() - Date.now(), 0) + timeoutMarginMs }
  const schemaAndOptions = { ...options, safeParse: (data: unknown) => ({ success: true, data }) }
  return client.callTool(params, schemaAndOptions as never, options as never)
}

function annotationsOf(hints: McpHints = {}): ToolAnnotations {
  const { readOnlyHint, destructiveHint, idempotentHint } = hints
  return {
    ...(readOnlyHint !== undefined && { readOnly: readOnlyHint }),
    ...(destructiveHint !== undefined && { destructive: destructiveHint }),
    ...(idempotentHint !== undefined && { idempotent: idempotentHint }),
  }
}
