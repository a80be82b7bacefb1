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

/** Returns the kind of a value that is no record of tools, for a message; undefined for one that can be a record. */
export function kindOf(tools: unknown): string | undefined {
  if (tools === null) return 'null'
  if (typeof tools !== 'object') return `of type ${typeof tools}`
  if (Array.isArray(tools)) return 'an array'
  if (tools instanceof Map) return 'a Map'
  return typeof (tools as { then?: unknown }).then === 'function' ? 'a promise: an await is missing' : undefined
}
