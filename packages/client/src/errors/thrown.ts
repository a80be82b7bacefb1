/**
 * Safe access to thrown values of any kind: an error of any realm, a text, `null`, a proxy whose traps throw. No
 * function here throws, and each checks the types of the values that it returns.
 */
import { inspect, types } from 'node:util'

import { causeLimits } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

const maxNameLength = 256
const maxShownLength = 1_000
/** Maximum number of errors in a chain of causes that are searched for a code. */
const maxCodeDepth = 5

/** Returns whether a value is an error, including errors of other realms. */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

/** Returns a field of a value; undefined if the value is a primitive or the getter throws. */
export function fieldOf(value: unknown, key: string): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

/** Returns the `name` of a thrown value; `Error` if that is not a non-empty text. */
export function nameOf(thrown: unknown): string {
  const name = fieldOf(thrown, 'name')
  return typeof thrown === 'object' && typeof name === 'string' && name !== '' ? textHead(name, maxNameLength) : 'Error'
}

/** Returns the message of a thrown value: a text itself, or the field `message` as text; undefined if there is none. */
export function messageOf(thrown: unknown): string | undefined {
  if (typeof thrown === 'string') return thrown
  const message = typeof thrown === 'object' ? fieldOf(thrown, 'message') : undefined
  if (typeof message === 'string') return message === '' ? undefined : message
  return message === undefined || message === null ? undefined : showValue(message)
}

/**
 * Returns the code of a thrown value: its `code` as text, the name of a DOMException (whose `code` is an obsolete
 * number), or the code of the first of its causes that has one.
 */
export function codeOf(thrown: unknown): string | undefined {
  let error = thrown
  for (let depth = 0; depth < maxCodeDepth && typeof error === 'object' && error !== null; depth += 1) {
    const code = ownCodeOf(error)
    if (code !== undefined) return code
    error = fieldOf(error, 'cause')
  }
  return undefined
}

function ownCodeOf(error: object): string | undefined {
  if (isError(error) && error instanceof DOMException) return nameOf(error)
  const code = fieldOf(error, 'code')
  if (typeof code === 'number' || typeof code === 'bigint') return String(code)
  return typeof code === 'string' && code !== '' ? textHead(code, maxNameLength) : undefined
}

/** Inner errors of an error: the first ones, at most `causeLimits.errors`, and the number of all. */
interface InnerErrors {
  readonly first: readonly unknown[]
  readonly count: number
}

/**
 * Returns the inner errors of an AggregateError, or of any value with an array `errors`; both errors of a
 * SuppressedError, which `using` throws; undefined if there is none.
 */
export function errorsOf(thrown: unknown): InnerErrors | undefined {
  const errors = fieldOf(thrown, 'errors')
  try {
    if (Array.isArray(errors)) {
      const count = errors.length
      // Only some of them: a list may have billions of items that are not set.
      const first = Array.from({ length: Math.min(count, causeLimits.errors) }, (_, i): unknown => errors[i])
      return { first, count }
    }
    if (!isError(thrown) || !Object.hasOwn(thrown, 'suppressed')) return undefined
    return { first: [fieldOf(thrown, 'error'), fieldOf(thrown, 'suppressed')], count: 2 }
  } catch {
    return undefined
  }
}

/**
 * Returns any value as a short text: an object as JSON if possible, with errors by name and message; otherwise by
 * `util.inspect`.
 */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return textHead(plainText(value), maxShownLength)
  return textHead(jsonOf(value) ?? inspected(value), maxShownLength)
}

function plainText(value: unknown): string {
  return typeof value === 'function' ? 'a function' : String(value)
}

function jsonOf(value: object): string | undefined {
  try {
    const json: unknown = JSON.stringify(value, (_, item: unknown) => (isError(item) ? namedMessage(item) : item))
    return typeof json === 'string' && json !== '{}' ? json : undefined
  } catch {
    return undefined
  }
}

function namedMessage(error: Error): string {
  const message = fieldOf(error, 'message')
  return typeof message === 'string' && message !== '' ? `${nameOf(error)}: ${message}` : nameOf(error)
}

function inspected(value: object): string {
  try {
    return inspect(value, { customInspect: false, depth: 2, maxStringLength: maxShownLength })
  } catch {
    return 'an object that cannot be read'
  }
}
