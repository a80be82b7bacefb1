import { prefixOf, type Naming } from './inspect-prefix.ts'
import type { Primordials } from './primordials.ts'
import { read } from './thrown.ts'

/**
 * Returns the stack of an error, or its name and message in brackets if it has none. `stack`, `name` and `message` may be
 * getters that throw.
 */
export function describeError(p: Primordials, error: Error, naming: Naming): string {
  const stack = read(p, error, 'stack')
  const text = withClassName(p, typeof stack === 'string' && stack !== '' ? stack : headOf(p, error), error, naming)
  return p.stringIndexOf(text, '\n    at') === -1 ? `[${text}]` : text
}

function headOf(p: Primordials, error: Error): string {
  try {
    return p.errorToString(error)
  } catch {
    return 'Error'
  }
}

/**
 * Adds the name of the class to a stack that begins with the name of the error: a `DOMException` has the name of its
 * kind, and an instance of a subclass mostly has the name `Error`.
 */
function withClassName(p: Primordials, stack: string, error: Error, naming: Naming): string {
  const name = read(p, error, 'name')
  if (typeof name !== 'string' || !p.stringEndsWith(name, 'Error') || !p.stringStartsWith(stack, name)) return stack
  const next = stack[name.length]
  if (next !== undefined && next !== ':' && next !== '\n') return stack
  const prefix = p.stringSlice(prefixOf(p, naming, name), 0, -1)
  if (prefix === name) return stack
  const rest = p.stringSlice(stack, name.length)
  return p.stringIncludes(prefix, name) ? prefix + rest : `${prefix} [${name}]${rest}`
}

/** Returns whether an enumerable property of an error is a part of its description, and need not be shown again. */
export function isDescribed(p: Primordials, key: string, value: unknown, description: string): boolean {
  if (key === 'stack') return true
  if (key !== 'message' && key !== 'name') return false
  return typeof value !== 'string' || p.stringIncludes(description, value)
}
