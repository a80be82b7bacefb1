import { fieldOf } from '../errors/thrown.ts'

/**
 * Returns an error as data: its name and message, `code`, `cause` and `errors` if it has them, and its own enumerable
 * fields, without its stack. The values of the fields are not converted; the caller serialises them. A field that can't
 * be read is left out.
 */
export function errorData(error: object): Record<string, unknown> {
  const data = Object.create(null) as Record<string, unknown>
  const name = fieldOf(error, 'name')
  data['name'] = typeof name === 'string' && name !== '' ? name : 'Error'
  data['message'] = messageText(fieldOf(error, 'message'))
  const code = fieldOf(error, 'code')
  if ((typeof code === 'string' && code !== '') || (typeof code === 'number' && code !== 0)) data['code'] = code
  for (const key of ['cause', 'errors', 'error', 'suppressed']) {
    const value = hasField(error, key) ? fieldOf(error, key) : undefined
    if (value !== undefined) data[key] = value
  }
  for (const key of ownKeys(error)) {
    if (key === 'stack' || Object.hasOwn(data, key)) continue
    const value = fieldOf(error, key)
    if (value !== undefined) data[key] = value
  }
  return data
}

/**
 * Returns whether an error has an own field. True for `cause`, which a class may define as a getter. `error` and
 * `suppressed` are fields of a `SuppressedError`.
 */
function hasField(error: object, key: string): boolean {
  try {
    return key === 'cause' || Object.hasOwn(error, key)
  } catch {
    return false
  }
}

function ownKeys(error: object): readonly string[] {
  try {
    return Object.keys(error)
  } catch {
    return []
  }
}

/** Returns the message of an error as a string: the property may have been set to a value of another type. */
function messageText(message: unknown): string {
  if (typeof message === 'string') return message
  if (message === undefined || message === null) return ''
  try {
    return typeof message === 'object' ? textOfJson(message) : textOfOther(message)
  } catch {
    return ''
  }
}

/** Returns the JSON of an object; an empty string if JSON has none, as when its `toJSON` returns undefined. */
function textOfJson(value: object): string {
  const text: string | undefined = JSON.stringify(value)
  return text ?? ''
}

const textOfOther: (value: unknown) => string = String
