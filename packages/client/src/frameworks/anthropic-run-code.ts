/** The tool that runs code, as a runnable tool of the Anthropic SDK. */
import type { Codemode } from '../codemode.ts'
import { withErrorText } from '../prompt/format-error.ts'
import type { RunCodeInput, RunCodeToolOptions } from '../prompt/run-code-tool.ts'

/** Tool by which a model runs code, for the tool runner of the Anthropic SDK. */
export interface AnthropicRunCode {
  /** Discriminant of the API. */
  readonly type: 'custom'
  /** Name of the tool. */
  readonly name: string
  /** Description for the model. */
  readonly description: string
  /** JSON Schema of the input. */
  readonly input_schema: { type: 'object'; [keyword: string]: unknown }
  /** Returns the input of the model, which `run` checks. */
  readonly parse: (input: unknown) => RunCodeInput
  /** Runs the code and resolves with a text for the model. */
  readonly run: (input: RunCodeInput, context?: { signal?: AbortSignal | null | undefined }) => Promise<string>
}

/**
 * Returns the tool by which a model runs code with the tools of a client or view, for the `tools` of
 * `client.beta.messages.toolRunner`. Its result is the text of `formatResult`; if the request failed, it throws an error with the
 * text of `formatError` and the cause. The runner's signal cancels the execution.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { toAnthropicTool } from '@codemode/client/anthropic'
 *
 * await using codemode = Codemode.fromEnv({ tools: { add: ([a, b]: [number, number]) => a + b } })
 * const tools = [toAnthropicTool(codemode)]
 */
export function toAnthropicTool(codemode: Codemode, options: RunCodeToolOptions = {}): AnthropicRunCode {
  const { name, description, inputSchema, execute } = codemode.asTool(options)
  return {
    type: 'custom',
    name,
    description,
    input_schema: inputSchema as AnthropicRunCode['input_schema'],
    parse: (input) => input as RunCodeInput,
    run: (input, context) => withErrorText(() => execute(input, { signal: context?.signal ?? undefined })),
  }
}
