import type { JsonObject, ToolDeclaration } from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ExecuteOptions } from '../run/execute-options.ts'
import { failedResultOf, type ExecutionResult } from '../run/execution-result.ts'
import { formatResult, type FormatResultOptions } from './format-result.ts'
import { runCodeDescription, type DescriptionOptions } from './run-code-description.ts'
import { checkRunCodeToolOptions } from './run-code-tool-options.ts'

/** Input of `run_code`. */
export interface RunCodeInput {
  /** Program of the model. */
  readonly code: string
}

/** Options of one call of `run_code`, which the agent sets and the model does not. */
export type RunCodeCall = Pick<ExecuteOptions, 'signal' | 'correlationId' | 'context' | 'onApproval'>

/** Options of `codemode.asTool`. */
export interface RunCodeToolOptions extends FormatResultOptions, DescriptionOptions {
  /** Name of the tool; `run_code` by default. */
  readonly name?: string | undefined
  /** Options of each execution, such as `availableTools` and timeouts. */
  readonly execution?: Omit<ExecuteOptions, 'signal' | 'correlationId'> | undefined
}

/** Tool by which a model runs code, in a form that every framework's tools can be made of. */
export interface RunCodeTool {
  /** Name of the tool, `run_code` by default. */
  readonly name: string
  /** Description for the model, of at most 1,000 characters unless it has the declarations of the tools. */
  readonly description: string
  /** JSON Schema of the input. */
  readonly inputSchema: JsonObject
  /**
   * Runs the code of the input, which may be JSON text as chat APIs have it. Resolves with the text of `formatResult`, also if the
   * code failed, is too long or is missing, and if the execution is paused. Rejects with an ExecutorClientError, of which
   * `formatError` makes a text, if the request or the executor failed, and with a CancelledError if the signal aborts.
   */
  execute(this: void, input: RunCodeInput | string, call?: RunCodeCall): Promise<string>
  /** Runs the code as `execute` does, and resolves with the result itself. */
  run(this: void, input: RunCodeInput | string, call?: RunCodeCall): Promise<ExecutionResult>
}

interface ToolParts {
  /** Returns the declarations of the tools with these names, or of all tools. */
  readonly declared: (names: readonly string[] | undefined) => readonly ToolDeclaration[]
  readonly run: (code: string, options: ExecuteOptions) => Promise<ExecutionResult>
}

const inputSchema: JsonObject = {
  type: 'object',
  properties: { code: { type: 'string', description: 'JavaScript or TypeScript program' } },
  required: ['code'],
  additionalProperties: false,
}

/** Returns the tool that runs code by a function. Throws a ConfigurationError for invalid options. */
export function runCodeTool(options: RunCodeToolOptions, { declared, run: runCode }: ToolParts): RunCodeTool {
  checkRunCodeToolOptions(options)
  const { name = 'run_code', execution = {}, maxChars, howToResume } = options
  const description = runCodeDescription(declared(execution.availableTools), options)
  const run = async (input: RunCodeInput | string, call: RunCodeCall = {}): Promise<ExecutionResult> => {
    const { signal, correlationId, context, onApproval } = call
    const code = codeOf(input)
    if (code === undefined) return withoutCode(name)
    const executeOptions = {
      ...execution,
      ...(signal && { signal }),
      ...(correlationId !== undefined && { correlationId }),
      ...(context && { context: { ...execution.context, ...context } }),
      ...(onApproval && { onApproval }),
    }
    try {
      return await runCode(code, executeOptions)
    } catch (error) {
      if (error instanceof ExecutorClientError && error.code === 'PAYLOAD_TOO_LARGE')
        return failedResultOf(error, noIds)
      throw error
    }
  }
  const execute = async (input: RunCodeInput | string, call?: RunCodeCall): Promise<string> =>
    formatResult(await run(input, call), { maxChars, howToResume })
  return { name, description, inputSchema, execute, run }
}

const noIds = { executionId: '', correlationId: '' }

/** Returns the code of an input of a model; undefined if it has none. */
export function codeOf(input: unknown): string | undefined {
  const { code } = ((typeof input === 'string' ? parsed(input) : input) ?? {}) as Partial<RunCodeInput>
  return typeof code === 'string' ? code : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns the result for an input without code. */
export function withoutCode(name: string): ExecutionResult {
  const message = `${name} takes an object with one field, code, which is a text: the program.`
  return failedResultOf(new ExecutorClientError('INVALID_REQUEST', message), noIds)
}
