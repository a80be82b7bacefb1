/** Conversion of the values of a request to JSON. Values that JSON can't represent are refused before sending. */
import type { ExecutionRequest, Json } from '@codemode/shared'
import { isObject } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { NotJsonError } from '../tools/not-json.ts'
import { toJson } from '../tools/to-json.ts'

type ValueName = 'input' | 'context' | 'config'

/** Values that were converted here and need no second conversion when they pass through composed executors. */
const convertedValues = new WeakSet<object>()

/**
 * Returns a copy of the value as JSON. Throws a ConfigurationError with the path of a value that JSON can't represent.
 */
export function jsonOf(name: ValueName, value: unknown): Json {
  if (typeof value === 'object' && value !== null && convertedValues.has(value)) return value as Json
  const json = converted(name, value)
  if (typeof json === 'object' && json !== null) convertedValues.add(json)
  return json
}

/** Returns a copy of an object as JSON. Throws a ConfigurationError for any other value, as `jsonOf` does. */
export function jsonObjectOf(name: ValueName, value: unknown): Record<string, Json> {
  const json = jsonOf(name, value)
  if (isObject(json)) return json
  const kind =
    value === undefined ? 'undefined' : json === null ? 'null' : Array.isArray(json) ? 'an array' : `a ${typeof json}`
  throw new ConfigurationError(
    `The ${name} must be an object of JSON values; it is ${kind}.`,
    name === 'context' ? contextExample : `codemode.executeAsync(code, { ${name}: { key: 'value' } })`,
  )
}

/** Returns a copy of a context as JSON, so that later changes to the caller's object have no effect. */
export function contextFrom(context: object): Record<string, Json> {
  return jsonObjectOf('context', context)
}

/** Returns the request with its input, context and config converted to JSON. */
export function withJsonValues<Request extends ExecutionRequest>(request: Request): Request {
  const { input, context, config } = request
  return {
    ...request,
    ...(input !== undefined && { input: jsonOf('input', input) }),
    ...(context !== undefined && { context: jsonObjectOf('context', context) }),
    ...(config !== undefined && { config: jsonObjectOf('config', config) }),
  }
}

const contextExample = "codemode.withContext({ clientId: 'c1' })"

function converted(name: ValueName, value: unknown): Json {
  try {
    return toJson(value)
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    throw new ConfigurationError(
      cause.about(name),
      name === 'context' ? contextExample : `codemode.executeAsync(code, { ${name}: { key: 'plain data' } })`,
      { cause },
    )
  }
}
