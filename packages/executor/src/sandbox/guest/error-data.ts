import { createErrorFields, type ErrorFields } from './error-fields.ts'
import type { Primordials } from './primordials.ts'
import { read } from './thrown.ts'

/** Functions that turn errors into data during one serialisation. */
export interface ErrorData extends Pick<ErrorFields, 'original' | 'copy'> {
  dataOf(error: object): object
}

export function createErrorData(p: Primordials): ErrorData {
  const fields = createErrorFields(p)
  return { original: fields.original, copy: fields.copy, dataOf: (error) => errorData(p, error, fields) }
}

/**
 * Returns an error as data: its name and message, `code`, `cause` and `errors` if it has them, and its own enumerable
 * fields, without its stack. The values of the fields are converted for JSON and serialised afterwards. The object has no
 * prototype. A field that can't be read is left out.
 */
function errorData(p: Primordials, error: object, fields: ErrorFields): object {
  const data = p.ObjectCreate(null) as Record<string, unknown>
  const name = read(p, error, 'name')
  data['name'] = typeof name === 'string' && name !== '' ? name : 'Error'
  data['message'] = messageText(p, read(p, error, 'message'))
  const code = read(p, error, 'code')
  if ((typeof code === 'string' && code !== '') || (typeof code === 'number' && code !== 0)) data['code'] = code
  const inner = ['cause', 'errors', 'error', 'suppressed']
  for (let i = 0; i < inner.length; i++) {
    const key = inner[i]!
    const value = hasField(p, error, key) ? read(p, error, key) : undefined
    if (value !== undefined) data[key] = fields.jsonOf(value, key)
  }
  const keys = ownKeys(p, error)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (key === 'stack' || p.ObjectHasOwn(data, key)) continue
    const value = read(p, error, key)
    if (value !== undefined) data[key] = fields.jsonOf(value, key)
  }
  return data
}

/**
 * Returns whether an error may have an inner field. A class may define its cause by a getter; `error` and `suppressed`
 * are fields of a `SuppressedError`.
 */
function hasField(p: Primordials, error: object, key: string): boolean {
  try {
    return key === 'cause' || p.ObjectHasOwn(error, key)
  } catch {
    return false
  }
}

function ownKeys(p: Primordials, error: object): readonly string[] {
  try {
    return p.ObjectKeys(error)
  } catch {
    return []
  }
}

/** Returns a message as text. User code may have set it to something other than a string. */
function messageText(p: Primordials, message: unknown): string {
  if (typeof message === 'string') return message
  if (message === undefined || message === null) return ''
  try {
    return typeof message === 'object' ? (p.JSONStringify(message) ?? '') : p.String(message)
  } catch {
    return ''
  }
}
