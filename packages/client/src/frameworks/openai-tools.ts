/** Tools of the OpenAI Agents SDK for code. Only their shape is used: this file imports nothing of `@openai/agents`. */
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ToolError } from '../errors/tool-error.ts'
import type { ApprovalRule, Tool, ToolInput, ToolSchema } from '../tools/define.ts'
import { convertTools, named, notRunnable, type ForeignFunction, type ForeignTool } from './convert-tools.ts'
import { acceptsNull, withOptional } from './optional-properties.ts'

/** Function tool of the OpenAI Agents SDK, as `tool()` makes it, or the options of `tool()`. */
export interface OpenAITool {
  /** Name of the tool. */
  readonly name?: string | undefined
  /** Kind of the tool; only a `function` runs in this process. */
  readonly type?: string | undefined
  /** Description for the model. */
  readonly description?: string | undefined
  /** JSON Schema of the input; in the options also a Standard Schema. */
  readonly parameters?: unknown
  /** Schema of the output. */
  readonly outputSchema?: unknown
  /** Whether the schema requires every property. */
  readonly strict?: boolean | undefined
  /** True if calls need an approval, or a function that decides it for a call. */
  readonly needsApproval?: boolean | ForeignFunction | undefined
  /** True if the tool may be called, or a function that decides it for a run. */
  readonly isEnabled?: boolean | ForeignFunction | undefined
  /** Guardrails before a call. */
  readonly inputGuardrails?: readonly unknown[] | undefined
  /** Guardrails after a call. */
  readonly outputGuardrails?: readonly unknown[] | undefined
  /** Milliseconds that a call may take. */
  readonly timeoutMs?: number | undefined
  /** Handler of the calls, with the input as JSON text. */
  readonly invoke?: ForeignFunction | undefined
  /** Handler of the calls in the options of `tool()`. */
  readonly execute?: ForeignFunction | undefined
}

/** Options of `fromOpenAITools`. */
export interface FromOpenAIOptions {
  /** Value of `runContext.context` in the tools; the context of the execution by default. */
  readonly context?: unknown
}

/**
 * Returns tools of the OpenAI Agents SDK as tools for code, by names by which it can call them. Pass the options of `tool()`
 * where you have them: a tool that `tool()` has made from them returns a fixed text in place of an error, which is taken for
 * an error here, but the message is lost. Throws a ConfigurationError with the name of a tool that can't be converted.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { fromOpenAITools, type OpenAITool } from '@codemode/client/openai-agents'
 *
 * async function run(code: string, tools: OpenAITool[]) {
 *   await using codemode = Codemode.fromEnv({ tools: fromOpenAITools(tools) })
 *   return await codemode.run(code)
 * }
 */
export function fromOpenAITools(tools: Iterable<OpenAITool>, options: FromOpenAIOptions = {}): Record<string, Tool> {
  return convertTools(named(tools), (tool, name) => convert(name, tool, options))
}

function convert(name: string, tool: OpenAITool, options: FromOpenAIOptions): ForeignTool {
  const { description, parameters, needsApproval, timeoutMs, outputSchema } = tool
  refuseGuardrails(name, tool)
  const runContext = (call: { readonly context: unknown }) => ({
    context: 'context' in options ? options.context : call.context,
  })
  const shared = {
    description,
    outputSchema: outputSchema as ToolSchema | undefined,
    requiresApproval: approval(needsApproval, runContext),
    timeoutMs,
  }
  if (typeof tool.invoke === 'function') {
    const invoke = tool.invoke.bind(tool) as (context: object, input: string, details: object) => unknown
    return {
      ...shared,
      // A strict schema requires every property; those that accept null may be left out.
      jsonSchema: tool.strict === false ? parameters : withOptional(parameters, acceptsNull),
      async execute(input: ToolInput, call) {
        const context = runContext(call)
        await requireEnabled(name, tool, [context])
        const output = await invoke(context, JSON.stringify(input), { signal: call.signal })
        throwTextOfError(output, name, timeoutMs)
        return output
      },
    }
  }
  if (typeof tool.execute !== 'function') throw notRunnable(name, 'invoke or execute')
  const execute = tool.execute.bind(tool) as (input: unknown, context: object, details: object) => unknown
  return {
    ...shared,
    ...schemaOf(parameters),
    async execute(input: ToolInput, call) {
      const context = runContext(call)
      await requireEnabled(name, tool, [{ runContext: context }])
      return execute(input, context, { signal: call.signal })
    },
  }
}

/** Throws a ConfigurationError for a tool with guardrails, which only the runner of the SDK applies. */
function refuseGuardrails(name: string, { inputGuardrails = [], outputGuardrails = [] }: OpenAITool): void {
  if (inputGuardrails.length + outputGuardrails.length === 0) return
  throw new ConfigurationError(
    `The tool '${name}' has guardrails, which would not see the calls of code.`,
    `// Leave '${name}' out, or move its checks into its handler.`,
  )
}

/** Throws a ToolError if the tool may not be called now. A function that decides it is called at each call, without an agent. */
async function requireEnabled(name: string, { isEnabled }: OpenAITool, parameters: object[]): Promise<void> {
  const enabled = typeof isEnabled === 'function' ? await isEnabled(...(parameters as never[])) : isEnabled
  if (enabled === false) throw new ToolError(`The tool ${name} is not enabled`)
}

/** Returns the schema of `tool()`'s options: a Standard Schema parses the input for `execute`, and a JSON Schema does not. */
function schemaOf(parameters: unknown): Pick<ForeignTool, 'jsonSchema' | 'inputSchema'> {
  const parses = typeof parameters === 'object' && parameters !== null && '~standard' in parameters
  return parses ? { inputSchema: parameters as ToolSchema } : { jsonSchema: parameters }
}

function approval(
  needsApproval: boolean | ForeignFunction | undefined,
  runContext: (call: { readonly context: unknown }) => object,
): boolean | ApprovalRule | undefined {
  if (typeof needsApproval !== 'function') return needsApproval
  const decide = needsApproval as (context: object, input: unknown, callId: string) => unknown
  return async (input, call) => Boolean(await decide(runContext(call), input, call.callId))
}

/** Text that `tool()` returns for each error by default, in place of throwing it. */
const textOfErrors = 'An error occurred while running the tool. Please try again.'

/** Throws a ToolError if an output is a text by which the SDK reports an error or a timeout to a model. */
function throwTextOfError(output: unknown, name: string, timeoutMs: number | undefined): void {
  if (output === textOfErrors) {
    throw new ToolError(`The tool ${name} failed; its errorFunction hides the reason (errorFunction: null shows it)`)
  }
  if (timeoutMs !== undefined && output === `Tool '${name}' timed out after ${timeoutMs}ms.`) {
    throw new ToolError(output, { code: 'TOOL_TIMEOUT', retryable: true })
  }
}
