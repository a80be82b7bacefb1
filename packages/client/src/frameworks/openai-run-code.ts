/** The tool that runs code, as a function tool of the OpenAI Agents SDK. */
import type { Codemode } from '../codemode.ts'
import { formatError } from '../prompt/format-error.ts'
import type { RunCodeToolOptions } from '../prompt/run-code-tool.ts'

/** Tool by which a model runs code, for the OpenAI Agents SDK. */
export interface OpenAIRunCode {
  /** Discriminant of the SDK. */
  readonly type: 'function'
  /** Name of the tool. */
  readonly name: string
  /** Description for the model. */
  readonly description: string
  /** JSON Schema of the input. */
  readonly parameters: {
    type: 'object'
    properties: { code: { type: 'string' } }
    required: ['code']
    additionalProperties: false
  }
  /** Whether the API has the model follow the schema strictly. */
  readonly strict: boolean
  /** Runs the code of an input in JSON, and resolves with a text for the model, also if the request failed. */
  readonly invoke: (runContext: unknown, input: string, details?: { signal?: AbortSignal }) => Promise<string>
  /** Resolves with whether a call needs an approval of the SDK before any code runs. */
  readonly needsApproval: () => Promise<boolean>
  /** Resolves with true. */
  readonly isEnabled: () => Promise<boolean>
}

/** Options of `toOpenAITool`. */
export interface OpenAIRunCodeOptions extends RunCodeToolOptions {
  /** Whether the SDK asks for an approval of the code before it runs; false by default. */
  readonly needsApproval?: boolean | undefined
}

/**
 * Returns the tool by which a model runs code with the tools of a client or view, for the `tools` of an agent. Its output is the
 * text of `formatResult`, or of `formatError` if the request failed. The SDK's abort signal cancels the execution.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { toOpenAITool } from '@codemode/client/openai-agents'
 *
 * await using codemode = Codemode.fromEnv({ tools: { add: ([a, b]: [number, number]) => a + b } })
 * const agent = { name: 'Assistant', tools: [toOpenAITool(codemode)] }
 */
export function toOpenAITool(codemode: Codemode, options: OpenAIRunCodeOptions = {}): OpenAIRunCode {
  const { needsApproval = false, ...toolOptions } = options
  const { name, description, inputSchema, execute } = codemode.asTool(toolOptions)
  return {
    type: 'function',
    name,
    description,
    parameters: inputSchema as unknown as OpenAIRunCode['parameters'],
    strict: true,
    async invoke(_runContext, input, { signal } = {}) {
      try {
        return await execute(input, { signal })
      } catch (error) {
        // The SDK waits for the end of a run that it aborts itself.
        if (signal?.aborted === true) throw error
        return formatError(error)
      }
    },
    needsApproval: async () => needsApproval,
    isEnabled: async () => true,
  }
}
