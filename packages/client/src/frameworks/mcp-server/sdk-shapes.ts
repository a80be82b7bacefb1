// Shapes of the MCP SDK that this folder uses. They are structural, so that the types of the client are valid without the
// package, and a server that the user has made fits whatever else it has.
import type { z } from 'zod'

/** Text in the result of a tool. */
export interface McpContent {
  /** Kind of the content. */
  readonly type: 'text'
  /** Text for the model. */
  readonly text: string
}

/** Result of a tool for an MCP client. */
export interface McpToolResult {
  [key: string]: unknown
  /** Text for the model. */
  content: McpContent[]
  /** The same facts for programs. */
  structuredContent?: Record<string, unknown>
  /** Whether the call failed. */
  isError?: boolean
  /** Facts that hosts do not show to models. */
  _meta?: Record<string, unknown>
}

/** Result that asks the user of the MCP client; the client then sends the call again, with the answers. */
export interface McpInputRequired {
  [key: string]: unknown
  /** Kind of the result. */
  resultType: 'input_required'
  /** Questions by key. */
  inputRequests: Record<string, { method: 'elicitation/create'; params: McpForm }>
  /** State that the client returns with the answers. */
  requestState: string
}

/** Form that the user of an MCP client fills in. */
export interface McpForm {
  [key: string]: unknown
  /** Kind of the question. */
  mode: 'form'
  /** Text for the user. */
  message: string
  /** JSON Schema of the answer. */
  requestedSchema: {
    type: 'object'
    properties: Record<string, { type: 'boolean'; title: string; description?: string; default?: boolean }>
    required: string[]
  }
}

/** Facts about the request of an MCP client. */
export interface McpCallContext {
  /** Request, with the answers of the user to earlier questions. */
  readonly mcpReq: {
    /** Signal that aborts when the client cancels the request. */
    readonly signal: AbortSignal
    /** Fields of a request of the protocol 2026-07-28, such as the client's capabilities. */
    readonly envelope?: object | undefined
    /** Answers of the user by the keys of the questions. */
    readonly inputResponses?: Record<string, unknown> | undefined
    /** Returns the state that came with the answers, after its verification. */
    requestState(): unknown
  }
}

/** Description of a tool for an MCP server. */
interface McpToolConfig<Input extends z.ZodObject> {
  title: string
  description: string
  inputSchema: Input
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean; openWorldHint: boolean }
}

/** MCP server: `McpServer` of `@modelcontextprotocol/server`. */
export interface McpServerLike {
  /** Adds a tool. */
  registerTool<Input extends z.ZodObject>(
    name: string,
    config: McpToolConfig<Input>,
    handler: (input: z.output<Input>, context: McpCallContext) => Promise<McpToolResult | McpInputRequired>,
  ): unknown
  /** Connection of the server. */
  readonly server: {
    /** Returns what the client of a connection can do; undefined if it has not said so. */
    getClientCapabilities(): { readonly elicitation?: object | undefined } | undefined
  }
}

/** Codec that signs the state of a call: that of `createRequestStateCodec` of `@modelcontextprotocol/server`. */
export interface RequestStateCodec {
  /** Signs a state. */
  mint(state: unknown, context?: never): Promise<string>
}
