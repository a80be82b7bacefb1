/** Runnable tools of the Anthropic SDK for code. Only their shape is used: this file imports nothing of the SDK. */
import { fieldOf } from '../errors/thrown.ts'
import { ToolError } from '../errors/tool-error.ts'
import type { Tool, ToolInput } from '../tools/define.ts'
import { textOfBlocks, valueOfBlocks, type ContentBlock } from './content-blocks.ts'
import { convertTools, named, notRunnable, type ForeignFunction, type ForeignTool } from './convert-tools.ts'
import { inputCheck } from './forwarded-schema.ts'
import { hasDefault, withOptional } from './optional-properties.ts'

/** Tool with `run`, as `betaZodTool`, `betaTool`, `betaStandardSchemaTool` and `mcpTools` of the Anthropic SDK make it. */
export interface AnthropicTool {
  /** Name of the tool. */
  readonly name?: string | undefined
  /** Description for the model. */
  readonly description?: string | undefined
  /** JSON Schema of the input. */
  readonly input_schema?: unknown
  /** Handler of the calls. */
  readonly run?: ForeignFunction | undefined
  /** Function that returns the handler's form of an input. */
  readonly parse?: ForeignFunction | undefined
}

/**
 * Returns runnable tools of the Anthropic SDK as tools for code, by names by which it can call them. An output of texts is their
 * text, another one its blocks. A property with a default may be left out. Throws a ConfigurationError with the name of a tool
 * that can't be converted, such as one without `run`.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 * import { fromAnthropicTools, type AnthropicTool } from '@codemode/client/anthropic'
 *
 * async function run(code: string, tools: AnthropicTool[]) {
 *   await using codemode = Codemode.fromEnv({ tools: fromAnthropicTools(tools) })
 *   return await codemode.run(code)
 * }
 */
export function fromAnthropicTools(tools: Iterable<AnthropicTool>): Record<string, Tool> {
  return convertTools(named(tools), (tool, name) => convert(name, tool))
}

function convert(name: string, tool: AnthropicTool): ForeignTool {
  const { description, parse } = tool
  const schema = withoutNulls(tool.input_schema)
  if (typeof tool.run !== 'function') throw notRunnable(name, 'run')
  const run = tool.run.bind(tool) as (input: unknown, context: object) => unknown
  const parsed = parse === undefined ? (input: unknown) => input : (parse as (input: unknown) => unknown)
  const check = inputCheck(name, schema)
  return {
    description,
    jsonSchema: withOptional(schema, hasDefault),
    async execute(input: ToolInput, { callId, signal }) {
      const value = parsed(input)
      // A `parse` that returns its argument checks nothing and fills in no default.
      if (value === input) check(input)
      const toolUse = { type: 'tool_use', id: callId, name, input: input as unknown }
      return outputOf(await rethrowBlocks(() => run(value, { toolUse, toolUseBlock: toolUse, signal })))
    },
  }
}

/** Returns a schema without keywords that are null, as `mcpTools` has them for those that the server leaves out. */
function withoutNulls(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== null))
}

function outputOf(output: unknown): unknown {
  return Array.isArray(output) ? valueOfBlocks(output as ContentBlock[]) : output
}

/** Calls a handler. Throws the text of the blocks of an error that has some. */
async function rethrowBlocks(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (cause) {
    const content = fieldOf(cause, 'content')
    if (!Array.isArray(content)) throw cause
    throw new ToolError(textOfBlocks(content as ContentBlock[]), { cause })
  }
}
