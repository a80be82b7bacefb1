/** Tools of the AI SDK for code. Only their shape is used: this file imports nothing of `ai`. */
import type { Tool, ToolInput } from '../tools/define.ts'
import { toolRecord } from '../tools/tool-record.ts'
import { aiSdkApproval, type AiSdkToolApproval } from './ai-sdk-approval.ts'
import { aiSdkSchema } from './ai-sdk-schema.ts'
import { convertTools, notRunnable, refuseSchemaName, type ForeignFunction, type ForeignTool } from './convert-tools.ts'
import { throwMcpError } from './mcp-result.ts'

/** Tool of the AI SDK, as `tool()`, `dynamicTool()` and MCP clients of the SDK make it. */
export interface AiSdkTool {
  /** Kind of the tool; one of a provider runs outside of this process. */
  readonly type?: string | undefined
  /** Description for the model, or a function of the tool's context that returns one. */
  readonly description?: string | ForeignFunction | undefined
  /** Schema of the SDK, Standard Schema, or function that returns a schema of the SDK. */
  readonly inputSchema?: unknown
  /** Schema of the output. */
  readonly outputSchema?: unknown
  /** True if calls need an approval, or a function that decides it for a call. */
  readonly needsApproval?: boolean | ForeignFunction | undefined
  /** Handler of the calls. */
  readonly execute?: ForeignFunction | undefined
}

/** Options of `fromAiSdkTools`. */
export interface FromAiSdkOptions {
  /** Approvals in the form that `generateText` takes. It does not see the calls of code, so they are given here too. */
  readonly toolApproval?: AiSdkToolApproval | undefined
  /** Contexts of the tools by their names, in the form that `generateText` takes. */
  readonly toolsContext?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Returns tools of the AI SDK as tools for code, by names by which it can call them. The last value of a tool that returns an
 * async iterable is its output, and `needsApproval` becomes `requiresApproval`. Throws a ConfigurationError with the name of
 * a tool that can't be converted, such as one without `execute`.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { fromAiSdkTools, type AiSdkTool } from '@codemode/client/ai-sdk'
 *
 * async function run(code: string, tools: Record<string, AiSdkTool>) {
 *   await using codemode = Codemode.fromEnv({ tools: fromAiSdkTools(tools) })
 *   return await codemode.run(code)
 * }
 */
export function fromAiSdkTools(
  tools: { readonly [name: string]: AiSdkTool },
  options: FromAiSdkOptions = {},
): Record<string, Tool> {
  toolRecord(tools, 'fromAiSdkTools')
  return convertTools(Object.entries(tools), (tool, name) => convert(name, tool, options))
}

function convert(name: string, tool: AiSdkTool, { toolApproval, toolsContext }: FromAiSdkOptions): ForeignTool {
  const { description, inputSchema, outputSchema, needsApproval, type } = tool
  if (type === 'provider' || typeof tool.execute !== 'function') throw notRunnable(name, 'execute')
  refuseSchemaName(name, tool, { found: 'parameters', meant: 'inputSchema' })
  const execute = tool.execute.bind(tool) as (input: unknown, options: object) => unknown
  const context = toolsContext?.[name] ?? {}
  return {
    description: typeof description === 'function' ? textFrom(description, context) : description,
    inputSchema: aiSdkSchema(name, inputSchema),
    outputSchema: aiSdkSchema(name, outputSchema),
    requiresApproval: aiSdkApproval(name, { needsApproval, toolApproval, context }),
    async execute(input: ToolInput, { callId, signal }) {
      const output = await execute(input, { toolCallId: callId, messages: [], abortSignal: signal, context })
      throwMcpError(output)
      return output
    },
  }
}

function textFrom(describe: ForeignFunction, context: unknown): string {
  return (describe as (options: object) => string)({ context })
}
