import type { Json } from '@codemode/shared'

/** A value that JSON can't hold, and where it is. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError'
  readonly path: readonly PropertyKey[]

  constructor(path: readonly PropertyKey[], reason: string) {
    super(reason)
    this.path = path
  }
}

/**
 * What `JSON.parse(JSON.stringify(value))` gives, except that what JSON would drop or distort (functions, symbols,
 * BigInts, Maps, Sets, Promises, cycles) throws a NotJsonError. `undefined` becomes null.
 */
export function toJson(value: unknown): Json {
  try {
    return convert(value, [], new Set()) ?? null
  } catch (error) {
    if (error instanceof RangeError) throw new NotJsonError([], 'is nested too deeply')
    throw error
  }
}

function convert(value: unknown, path: readonly PropertyKey[], ancestors: Set<object>): Json | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value + 0 : null
    case 'bigint':
      throw new NotJsonError(path, 'is a BigInt')
    case 'symbol':
      throw new NotJsonError(path, 'is a symbol')
    case 'function':
      throw new NotJsonError(path, 'is a function')
    default:
      return value === null ? null : convertObject(value as object, path, ancestors)
  }
}

function convertObject(value: object, path: readonly PropertyKey[], ancestors: Set<object>): Json | undefined {
  if (ancestors.has(value)) throw new NotJsonError(path, 'is a cycle')
  if (value instanceof Map) throw new NotJsonError(path, 'is a Map')
  if (value instanceof Set) throw new NotJsonError(path, 'is a Set')
  if (value instanceof Promise) throw new NotJsonError(path, 'is a Promise that was not awaited')
  ancestors.add(value)
  try {
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return convert(value.toJSON(String(path.at(-1) ?? '')), path, ancestors)
    }
    if (Array.isArray(value)) return value.map((item, i) => convert(item, [...path, i], ancestors) ?? null)
    // `fromEntries` makes own properties, even of `__proto__`.
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        const json = convert(item, [...path, key], ancestors)
        return json === undefined ? [] : [[key, json]]
      }),
    )
  } finally {
    ancestors.delete(value)
  }
}
