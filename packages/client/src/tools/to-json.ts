import { types } from 'node:util'

import { fixedLimits, maxJsonNesting, type Json } from '@codemode/shared'

import { isError, nameOf } from '../errors/thrown.ts'
import { errorData } from './error-data.ts'
import { NotJsonError, refusalOf, refusalOfCycle, refusalOfObject, tooDeep, tooMany, type Refusal } from './not-json.ts'

/**
 * Returns the result of `JSON.parse(JSON.stringify(value))`, except that a value that JSON would drop or distort is
 * refused, and that errors become data; the rule is in docs/values.md. `undefined` becomes null. Throws a NotJsonError
 * with the path of the value that is refused, also where a getter, a `toJSON` or a Proxy throws.
 */
export function toJson(value: unknown): Json {
  const conversion = new Conversion()
  try {
    return conversion.convert(value, undefined) ?? null
  } catch (cause) {
    if (isError(cause) && cause instanceof NotJsonError) throw cause
    throw new NotJsonError(conversion.path, unreadable(cause), cause)
  }
}

/**
 * Maximum number of values in a value: more do not fit into the largest message, with a character and a comma for each.
 */
const maxValues = fixedLimits.toolOutputBytes / 2

type Key = string | number
type Fields = { readonly [key: string]: unknown }

/** Conversion of a value and all that it contains. */
class Conversion {
  /** Objects that are being converted, from the outermost to the innermost. */
  readonly #ancestors: object[] = []
  /** Keys that lead to the current value; each holder but the first has one. */
  readonly #keys: Key[] = []
  /** Key of the field that is being read. */
  #reading: Key | undefined
  /**
   * Number of errors among the ancestors. Inside an error, a value that JSON can't hold is left out instead of refused.
   */
  #openErrors = 0
  #valuesLeft = maxValues

  /** Keys that lead to the current value. */
  get path(): Key[] {
    return this.#reading === undefined ? this.#keys : [...this.#keys, this.#reading]
  }

  /** Returns the JSON of a value that its holder has at the key; undefined for a value that JSON leaves out. */
  convert(value: unknown, key: Key | undefined): Json | undefined {
    this.#reading = undefined
    this.#valuesLeft -= 1
    // A list of billions that are not set, or few objects that refer to each other many times, would take forever.
    if (this.#valuesLeft < 0) throw new NotJsonError([], tooMany(maxValues))
    switch (typeof value) {
      case 'string':
      case 'boolean':
      case 'undefined':
        return value
      case 'number':
        return Number.isFinite(value) ? value + 0 : null
      default: {
        if (value === null) return null
        if (key !== undefined) this.#keys.push(key)
        const json =
          typeof value === 'symbol' ? this.#refuse(refusalOf('symbol')) : this.#convertObject(value as object, key)
        if (key !== undefined) this.#keys.pop()
        return json
      }
    }
  }

  /** Converts an object, a function or a BigInt, whose `toJSON` is read and called once. */
  #convertObject(given: object | bigint, key: Key | undefined): Json | undefined {
    const { toJSON } = given as { toJSON?: unknown }
    let value: unknown = given
    if (typeof toJSON === 'function') {
      value = Reflect.apply(toJSON, given, [String(key ?? '')])
      if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'bigint') {
        return typeof value === 'symbol' ? this.#refuse(refusalOf('symbol')) : this.convert(value, undefined)
      }
      if (value === null) return null
    }
    if (typeof value === 'function') return this.#refuse(refusalOf('function'))
    if (typeof value === 'bigint') return this.#refuse(refusalOf('BigInt'))
    const object = value as object
    const open = this.#ancestors.indexOf(object)
    if (open !== -1) return this.#refuse(refusalOfCycle(this.#keys.slice(0, open)))
    if (this.#ancestors.length === maxJsonNesting) return this.#refuse(tooDeep)
    this.#ancestors.push(object)
    const json = this.#convertOpen(object)
    this.#ancestors.pop()
    return json
  }

  #convertOpen(value: object): Json | undefined {
    if (Array.isArray(value)) return this.#convertArray(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return this.#convertFields(value as Fields)
    if (isRawJson(value)) return JSON.parse((value as { rawJSON: string }).rawJSON) as Json
    if (prototype === null && !types.isNativeError(value)) return this.#convertFields(value as Fields)
    if (types.isBoxedPrimitive(value)) return this.#convertBoxed(value)
    if (isError(value)) return this.#convertError(value)
    const refusal = refusalOfObject(value)
    return refusal === undefined ? this.#convertFields(value as Fields) : this.#refuse(refusal)
  }

  #convertArray(array: readonly unknown[]): Json[] {
    const json: Json[] = []
    for (let i = 0; i < array.length; i++) json.push(this.#convertField(array as never, i) ?? null)
    return json
  }

  #convertFields(object: Fields): Json {
    const json: Record<string, Json> = {}
    for (const key of Object.keys(object)) {
      const field = this.#convertField(object, key)
      if (field === undefined) continue
      // An assignment to `__proto__` would set the prototype (prototype pollution).
      if (key === '__proto__') Object.defineProperty(json, key, { value: field, ...plain })
      else json[key] = field
    }
    return json
  }

  #convertField(holder: Fields, key: Key): Json | undefined {
    if (this.#openErrors > 0) return this.#convertGuarded(holder, key)
    this.#reading = key
    return this.convert(holder[key], key)
  }

  /** Unboxes a primitive as `JSON.stringify` does, which may run methods of the object. */
  #convertBoxed(value: object): Json | undefined {
    if (types.isNumberObject(value)) return this.convert(Number(value), undefined)
    if (types.isStringObject(value)) return String(value)
    if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
    return this.#refuse(refusalOf(types.isBigIntObject(value) ? 'BigInt' : 'symbol'))
  }

  #convertError(error: object): Json {
    this.#openErrors += 1
    const json = this.#convertFields(errorData(error))
    this.#openErrors -= 1
    return json
  }

  /** Converts a field of an error; leaves out one that can't be read. */
  #convertGuarded(holder: Fields, key: Key): Json | undefined {
    const [open, keys, openErrors] = [this.#ancestors.length, this.#keys.length, this.#openErrors]
    try {
      return this.convert(holder[key], key)
    } catch (error) {
      if (this.#valuesLeft < 0) throw error
      this.#ancestors.length = open
      this.#keys.length = keys
      this.#openErrors = openErrors
      return undefined
    }
  }

  /** Throws a NotJsonError; inside an error, returns undefined instead, so that the value is left out. */
  #refuse(refusal: Refusal): undefined {
    if (this.#openErrors === 0) throw new NotJsonError(this.#keys, refusal)
  }
}

const plain = { writable: true, enumerable: true, configurable: true }

// `JSON.isRawJSON` is newer than the TypeScript library in use and than the oldest supported Node.
const { isRawJSON: isRawJson = () => false } = JSON as { isRawJSON?: (value: unknown) => boolean }

/**
 * Returns the refusal of a value whose code throws. It has no text of the thrown error, which may name files of the
 * host.
 */
function unreadable(thrown: unknown): Refusal {
  const name = isError(thrown) ? nameOf(thrown) : 'an error'
  return { reason: `cannot be read: its getter, toJSON or Proxy throws ${name}`, hint: 'Return plain data.' }
}
