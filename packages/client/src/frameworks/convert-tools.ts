/**
 * Conversion of the tools of a framework to tools of a client, which every adapter uses. A tool is converted once; its input
 * is checked here, whatever its framework checks, and reaches it as the code sent it.
 */
import { nameOf } from '../errors/thrown.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { kindOf } from '../executors/wrapper-options.ts'
import type { ApprovalRule, Tool, ToolAnnotations, ToolCall, ToolInput, ToolSchema } from '../tools/define.ts'
import { callableNames } from './callable-names.ts'
import { forwardedSchema } from './forwarded-schema.ts'
import { lastValue } from './last-value.ts'

/** Function of a framework, of any parameters. */
export type ForeignFunction = (...parameters: never[]) => unknown

/** Tool of a framework in the form that all adapters give it. */
export interface ForeignTool {
  readonly description?: string | undefined
  /** JSON Schema of the input, of which the framework makes its own value. */
  readonly jsonSchema?: unknown
  /** Standard Schema of the input, in place of a JSON Schema, if the handler takes the value that the schema returns. */
  readonly inputSchema?: ToolSchema | undefined
  readonly outputSchema?: ToolSchema | undefined
  readonly annotations?: ToolAnnotations | undefined
  readonly requiresApproval?: boolean | ApprovalRule | undefined
  readonly timeoutMs?: number | undefined
  /** Handler of a call. An async iterable that it returns stands for its last value. */
  execute(this: void, input: ToolInput, call: ToolCall): unknown
}

/**
 * Returns the tools of a framework, by names by which code can call them. Throws a ConfigurationError that has the name of the
 * tool if one can't be converted.
 */
export function convertTools<Given>(
  tools: readonly (readonly [name: string, tool: Given])[],
  convert: (tool: Given, name: string) => ForeignTool,
): Record<string, Tool> {
  const names = callableNames(tools.map(([name]) => name))
  return Object.fromEntries(tools.map(([name, tool], index) => [names[index]!, converted(name, tool, convert)]))
}

function converted<Given>(name: string, tool: Given, convert: (tool: Given, name: string) => ForeignTool): Tool {
  try {
    const { jsonSchema, inputSchema, execute, ...properties } = convert(tool, name)
    return {
      ...properties,
      inputSchema: jsonSchema === undefined ? inputSchema : forwardedSchema(name, jsonSchema),
      execute: async (input, call) => lastValue(await execute(input, call), call.signal),
    }
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw new ConfigurationError(
      `The tool '${name}' can't be converted: ${cause instanceof Error ? cause.message : nameOf(cause)}.`,
      '// Leave the tool out, or correct its definition.',
      { cause },
    )
  }
}

/** Returns an array of named tools as pairs. Throws a ConfigurationError for anything else, and for a tool without a name. */
export function named<Given extends { readonly name?: unknown }>(
  tools: Iterable<Given>,
): (readonly [name: string, tool: Given])[] {
  if (typeof (tools as Partial<Iterable<Given>> | undefined)?.[Symbol.iterator] !== 'function') {
    throw new ConfigurationError(
      `The tools must be an array; the value is ${kindOf(tools)}.`,
      "[{ name: 'weather', description: 'what it does', … }]",
    )
  }
  return Array.from(tools, (tool, index) => {
    if (typeof tool?.name === 'string' && tool.name !== '') return [tool.name, tool] as const
    throw new ConfigurationError(
      `The tool at index ${index} has no name.`,
      "[{ name: 'weather', description: 'what it does', … }]",
    )
  })
}

/**
 * Throws a ConfigurationError if a tool has its schema under a name of another version or language of its framework, where it would
 * be ignored.
 */
export function refuseSchemaName(name: string, tool: object, { found, meant }: { found: string; meant: string }): void {
  if (!Object.hasOwn(tool, found) || Object.hasOwn(tool, meant)) return
  throw new ConfigurationError(
    `The tool '${name}' has the property ${found}, which is not used; did you mean ${meant}?`,
    `{ ${meant}: z.object({ city: z.string() }), … }`,
  )
}

/** Returns the error for a tool that code can't call, because nothing in this process runs it. */
export function notRunnable(name: string, missing: string): ConfigurationError {
  return new ConfigurationError(
    `The tool '${name}' has no ${missing}, so that code can't call it.`,
    `// Leave '${name}' out of the tools that code calls.`,
  )
}
