/** The tool that runs code, in the shape of CrewAI's `BaseTool`. */
import type { JsonObject } from '@codemode/shared'

import type { Codemode } from '../codemode.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { formatError } from '../prompt/format-error.ts'
import { formatResult } from '../prompt/format-result.ts'
import {
  codeOf,
  withoutCode,
  type RunCodeCall,
  type RunCodeInput,
  type RunCodeTool,
  type RunCodeToolOptions,
} from '../prompt/run-code-tool.ts'
import type { ExecutionResult } from '../run/execution-result.ts'

/** Tool by which a model runs code, in the shape of CrewAI's `BaseTool`. None of its functions throws. */
export interface CrewaiTool {
  /** Name of the tool. */
  readonly name: string
  /** Description for the model. */
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly argsSchema: JsonObject
  /** Runs the code and resolves with a text for the model: the value, or what went wrong, with the correlation id. */
  readonly run: (input: RunCodeInput, call?: RunCodeCall) => Promise<string>
  /** Runs the code as `codemode.execute` does, which blocks the thread, and returns the text. */
  readonly _run: (input: RunCodeInput) => string
  /** Another name of `run`. */
  readonly _arun: (input: RunCodeInput, call?: RunCodeCall) => Promise<string>
}

/**
 * Returns the tool by which a model runs code with the tools of a client or view, in the shape of CrewAI's `BaseTool`: the same as
 * `codemode.asCrewaiTool(options)`.
 */
export function toCrewaiTool(codemode: Codemode, options: RunCodeToolOptions = {}): CrewaiTool {
  return codemode.asCrewaiTool(options)
}

/** Returns the tool that runs code in the shape of CrewAI's `BaseTool`. */
export function crewaiTool(
  { name, description, inputSchema, run: runCode }: RunCodeTool,
  runBlocking: (code: string) => ExecutionResult,
  { maxChars, howToResume }: RunCodeToolOptions,
): CrewaiTool {
  const textOf = (result: ExecutionResult): string => {
    const text = formatResult(result, { maxChars, howToResume })
    return result.success || result.correlationId === '' ? text : `${text}\n\nCorrelation id: ${result.correlationId}`
  }
  const run: CrewaiTool['run'] = async (input, call) => {
    try {
      return textOf(await runCode(input, call))
    } catch (error) {
      return formatError(error)
    }
  }
  const runSync: CrewaiTool['_run'] = (input) => {
    try {
      const code = codeOf(input)
      return textOf(code === undefined ? withoutCode(name) : runBlocking(code))
    } catch (error) {
      // This function never throws, so its text is all that reports a mistake of the program's author.
      return error instanceof ConfigurationError ? `The code was not run. ${error.message}` : formatError(error)
    }
  }
  return { name, description, argsSchema: inputSchema, run, _run: runSync, _arun: run }
}
