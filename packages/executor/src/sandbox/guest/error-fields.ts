import { brandOf } from './brand.ts'
import type { Primordials } from './primordials.ts'
import { read } from './thrown.ts'

/**
 * Maximum length of an array in an error. The text of a longer one exceeds every limit, and an array without items may
 * be that long.
 */
const maxCopiedLength = 2 ** 24

/**
 * Functions that read the contents of errors during one serialisation. Exceptions of user code in them do not end it.
 */
export interface ErrorFields {
  /**
   * Returns the value that JSON writes for a value at a key: the result of its `toJSON`, if it has one; undefined if
   * that throws. An object is replaced by a substitute, so that `JSON.stringify` does not read the object itself.
   */
  jsonOf(value: unknown, key: string): unknown
  /** Returns the object of a substitute; any other object is returned unchanged. */
  original(object: object): object
  /**
   * Returns a copy of an array or an object, with its values converted by `jsonOf`. Values that can't be read are left
   * out.
   */
  copy(object: object): object
}

export function createErrorFields(p: Primordials): ErrorFields {
  const originals = new p.WeakMap<object, object>()

  function jsonOf(value: unknown, key: string): unknown {
    try {
      return withoutObject(resultOfToJson(value, key))
    } catch {
      return undefined
    }
  }

  function resultOfToJson(value: unknown, key: string): unknown {
    const isObject = typeof value === 'object' || typeof value === 'function'
    if (value === null || (!isObject && typeof value !== 'bigint')) return value
    const { toJSON } = value as { readonly toJSON?: unknown }
    return typeof toJSON === 'function' ? p.ReflectApply(toJSON, value, [key]) : value
  }

  function withoutObject(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'bigint' || typeof value === 'symbol') return undefined
    if (typeof value !== 'object' || value === null) return value
    if (p.JSONIsRawJSON(value)) return p.JSONParse((value as { readonly rawJSON: string }).rawJSON)
    const brand = brandOf(p, value)
    if (brand === 'Number') return p.Number(value)
    if (brand === 'String') return p.String(value)
    if (brand === 'Boolean') return p.booleanValueOf(value)
    const substitute = p.ObjectCreate(null)
    p.weakMapSet(originals, substitute, value)
    return substitute
  }

  function copyOfArray(array: readonly unknown[]): object {
    const copy: unknown[] = []
    p.ReflectSetPrototypeOf(copy, null)
    const { length } = array
    if (length > maxCopiedLength) throw new p.RangeError('Invalid array length')
    for (let i = 0; i < length; i++) p.arrayPush(copy, jsonOf(read(p, array, `${i}`), `${i}`))
    return copy
  }

  function copyOfObject(object: object): object {
    const copy = p.ObjectCreate(null) as Record<string, unknown>
    const keys = p.ObjectKeys(object)
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      copy[key] = jsonOf(read(p, object, key), key)
    }
    return copy
  }

  return {
    jsonOf,
    original: (object) => p.weakMapGet(originals, object) ?? object,
    copy: (object) => (p.ArrayIsArray(object) ? copyOfArray(object) : copyOfObject(object)),
  }
}
