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
    return convert(value, undefined, { holders: new Set(), keys: [] }) ?? null
  } catch (error) {
    if (error instanceof RangeError) throw new NotJsonError([], 'is nested too deeply')
    throw error
  }
}

/** The objects that the value is in, from the outermost on, and the key of each; the outermost has none. */
interface Trail {
  readonly holders: Set<object>
  readonly keys: (PropertyKey | undefined)[]
}

function convert(value: unknown, key: PropertyKey | undefined, trail: Trail): Json | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value + 0 : null
    case 'bigint':
      throw refusal('is a BigInt', key, trail)
    case 'symbol':
      throw refusal('is a symbol', key, trail)
    case 'function':
      throw refusal('is a function', key, trail)
    default:
      return value === null ? null : convertObject(value as object, key, trail)
  }
}

function convertObject(value: object, key: PropertyKey | undefined, trail: Trail): Json | undefined {
  if (trail.holders.has(value)) throw refusal('is a cycle', key, trail)
  if (value instanceof Map) throw refusal('is a Map', key, trail)
  if (value instanceof Set) throw refusal('is a Set', key, trail)
  if (value instanceof Promise) throw refusal('is a Promise that was not awaited', key, trail)
  trail.holders.add(value)
  let json: Json | undefined
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    json = convert(value.toJSON(String(key ?? '')), key, trail)
  } else {
    trail.keys.push(key)
    json = Array.isArray(value) ? convertArray(value, trail) : convertFields(value as Record<string, unknown>, trail)
    trail.keys.pop()
  }
  trail.holders.delete(value)
  return json
}

function convertArray(array: readonly unknown[], trail: Trail): Json[] {
  const json: Json[] = []
  for (let i = 0; i < array.length; i++) json.push(convert(array[i], i, trail) ?? null)
  return json
}

function convertFields(object: Readonly<Record<string, unknown>>, trail: Trail): Json {
  const json: Record<string, Json> = {}
  for (const key of Object.keys(object)) {
    const field = convert(object[key], key, trail)
    if (field === undefined) continue
    // To assign it would set the prototype.
    if (key === '__proto__') Object.defineProperty(json, key, { value: field, ...plain })
    else json[key] = field
  }
  return json
}

const plain = { writable: true, enumerable: true, configurable: true }

function refusal(reason: string, key: PropertyKey | undefined, { keys }: Trail): NotJsonError {
  return new NotJsonError(
    [...keys, key].filter((each) => each !== undefined),
    reason,
  )
}
