import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolLike } from './define.ts'

/** Returns tools that are given by name. Throws a ConfigurationError for any other value, such as an array of tools. */
export function toolRecord(tools: unknown, callee: string): Readonly<Record<string, ToolLike>> {
  const kind = kindOf(tools)
  if (kind === undefined) return tools as Readonly<Record<string, ToolLike>>
  throw new ConfigurationError(
    `The tools must be an object with a property for each tool, by its name; it is ${kind}.`,
    `${callee}({ weather: tool({ execute: async ({ city }) => forecast(city) }) })`,
  )
}

/** Returns the error for a tool whose parts are arguments of their own, as other libraries take them. */
export function separateHandlerError(name: string): ConfigurationError {
  return new ConfigurationError(
    'registerTool takes a name and one tool, which has the handler.',
    `codemode.registerTool('${name}', tool({ description: 'what it does', execute: async (input) => … }))`,
  )
}

/** Returns the kind of a value that is no record of tools, for a message; undefined for one that can be a record. */
function kindOf(tools: unknown): string | undefined {
  if (tools === null) return 'null'
  if (typeof tools !== 'object') return `of type ${typeof tools}`
  if (Array.isArray(tools)) return 'an array'
  if (tools instanceof Map) return 'a Map'
  return typeof (tools as { then?: unknown }).then === 'function' ? 'a promise: an await is missing' : undefined
}
