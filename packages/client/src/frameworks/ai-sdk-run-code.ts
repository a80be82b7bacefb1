/** The tool that runs code, as a tool and as a tool caller of the AI SDK. */
import type { Codemode } from '../codemode.ts'
import { withErrorText } from '../prompt/format-error.ts'
import type { RunCodeInput, RunCodeToolOptions } from '../prompt/run-code-tool.ts'
import { fromAiSdkTools, type AiSdkTool, type FromAiSdkOptions } from './ai-sdk-tools.ts'
import { forwardedSchema, type ForwardedSchema } from './forwarded-schema.ts'

/** Tool by which a model runs code, for the AI SDK. */
export interface AiSdkRunCode {
  /** Description for the model. */
  readonly description: string
  /** Schema of the input. */
  readonly inputSchema: ForwardedSchema<RunCodeInput>
  /** Runs the code and resolves with a text for the model. */
  readonly execute: (
    input: RunCodeInput,
    options?: { readonly abortSignal?: AbortSignal | undefined },
  ) => Promise<string>
}

/** Tool by which a model runs code that calls the tools which `experimental_toolCallers` gives it. */
export type AiSdkToolCaller = AiSdkRunCode & {
  /** Definition of the caller, by which the SDK gives it its tools. */
  readonly experimental_toolCaller: {
    readonly type: 'local'
    readonly bind: (tools: { [name: string]: AiSdkTool }) => AiSdkRunCode
  }
}

/** Options of `toAiSdkToolCaller`. */
export interface AiSdkToolCallerOptions extends RunCodeToolOptions, FromAiSdkOptions {}

/**
 * Returns the tool by which a model runs code with the tools of a client or view, for the `tools` of `generateText`, `streamText`
 * and agents. Its result is the text of `formatResult`; if the request failed, it throws an error with the text of `formatError` and
 * the cause. The SDK's abort signal cancels the execution.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { toAiSdkTool } from '@codemode/client/ai-sdk'
 *
 * await using codemode = Codemode.fromEnv({ tools: { add: ([a, b]: [number, number]) => a + b } })
 * const tools = { run_code: toAiSdkTool(codemode) }
 */
export function toAiSdkTool(codemode: Codemode, options: RunCodeToolOptions = {}): AiSdkRunCode {
  const { name, description, inputSchema, execute } = codemode.asTool(options)
  return {
    description,
    inputSchema: forwardedSchema<RunCodeInput>(name, inputSchema),
    execute: (input, { abortSignal } = {}) => withErrorText(() => execute(input, { signal: abortSignal })),
  }
}

/**
 * Returns the tool by which a model runs code as a tool caller: the tools that `experimental_toolCallers` gives to it are those of
 * the code, in addition to the tools of the client. Approvals of `generateText` don't apply to the calls of code; pass the same
 * `toolApproval` here.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { toAiSdkToolCaller, type AiSdkTool } from '@codemode/client/ai-sdk'
 *
 * function toolsFor(codemode: Codemode, weather: AiSdkTool) {
 *   const tools = { run_code: toAiSdkToolCaller(codemode), weather }
 *   return { tools, experimental_toolCallers: { weather: ['run_code'] } }
 * }
 */
export function toAiSdkToolCaller(codemode: Codemode, options: AiSdkToolCallerOptions = {}): AiSdkToolCaller {
  const { toolApproval, toolsContext, ...toolOptions } = options
  const caller: AiSdkToolCaller['experimental_toolCaller'] = {
    type: 'local',
    bind: (tools) =>
      toAiSdkTool(codemode.withTools(fromAiSdkTools(tools, { toolApproval, toolsContext })), toolOptions),
  }
  // Not enumerable, as in the SDK: a copy of the bound tool is no caller.
  return Object.defineProperty(toAiSdkTool(codemode, toolOptions), 'experimental_toolCaller', {
    value: caller,
  }) as AiSdkToolCaller
}
