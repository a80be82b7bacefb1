import type { Primordials } from './primordials.ts'

/** Reads a property of a thrown value. Returns undefined where a getter or a proxy throws. */
export function read(p: Primordials, thrown: object, key: string): unknown {
  try {
    return p.ReflectGet(thrown, key)
  } catch {
    return undefined
  }
}

export function readText(p: Primordials, thrown: object, key: string): string | undefined {
  const value = read(p, thrown, key)
  return typeof value === 'string' ? value : undefined
}

/** Returns the message of a thrown value, or the value as text, with `prefix` before a value that is no error. */
export function messageOf(p: Primordials, thrown: unknown, prefix = ''): string {
  if (typeof thrown === 'string') return thrown
  if (typeof thrown !== 'object' || thrown === null) return `${prefix}${asText(p, thrown)}`
  return readText(p, thrown, 'message') ?? `${prefix}${asText(p, thrown)}`
}

function asText(p: Primordials, value: unknown): string {
  try {
    if (typeof value === 'object' || typeof value === 'function') return p.JSONStringify(value) ?? 'a function'
    return p.String(value)
  } catch {
    return 'a value that cannot be shown'
  }
}
