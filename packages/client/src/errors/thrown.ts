/**
 * Reading of whatever was thrown: an error of any realm, a text, `null`, a proxy whose traps throw. Nothing here throws, and
 * all that it returns has the type that it says.
 */
import { inspect, types } from 'node:util'

import { causeLimits, textHead } from '@codemode/shared'

const maxNameLength = 256
const maxShownLength = 1_000
/** How many causes are asked for a code. */
const maxCodeDepth = 5

/** Whether a value is an error, also one of another realm. */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

/** Returns a field of a value; undefined for a value that has no fields, and for a getter that throws. */
export function fieldOf(value: unknown, key: string): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

/** Returns the `name` of what was thrown; `Error` if it has none that is a text. */
export function nameOf(thrown: unknown): string {
  const name = fieldOf(thrown, 'name')
  return typeof thrown === 'object' && typeof name === 'string' && name !== '' ? textHead(name, maxNameLength) : 'Error'
}

/** Returns the message of what was thrown: a text itself, or its field `message` as text; undefined if there is none. */
export function messageOf(thrown: unknown): string | undefined {
  if (typeof thrown === 'string') return thrown
  const message = typeof thrown === 'object' ? fieldOf(thrown, 'message') : undefined
  if (typeof message === 'string') return message === '' ? undefined : message
  return message === undefined || message === null ? undefined : showValue(message)
}

/**
 * Returns the code of what was thrown: its `code` as text, the name of a DOMException (whose `code` is an obsolete number), or
 * the code of the first of its causes that has one.
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

/** The first inner errors of an error, as many as are shown, and the number of all. */
interface InnerErrors {
  readonly first: readonly unknown[]
  readonly count: number
}

/** Returns the inner errors of an AggregateError, or of what has a list of that name; undefined if there is none. */
export function errorsOf(thrown: unknown): InnerErrors | undefined {
  const errors = fieldOf(thrown, 'errors')
  try {
    if (!Array.isArray(errors)) return undefined
    const count = errors.length
    // Not all of them: a list may have billions of items that are not set.
    const first = Array.from({ length: Math.min(count, causeLimits.errors) }, (_, i): unknown => errors[i])
    return { first, count }
  } catch {
    return undefined
  }
}

/** Returns any value as a short text: JSON where it is an object that JSON shows, else as `util.inspect` shows it. */
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
    const json: unknown = JSON.stringify(value)
    return typeof json === 'string' && json !== '{}' ? json : undefined
  } catch {
    return undefined
  }
}

function inspected(value: object): string {
  try {
    return inspect(value, { customInspect: false, depth: 2, maxStringLength: maxShownLength })
  } catch {
    return 'an object that can not be read'
  }
}
