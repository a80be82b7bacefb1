import type { Primordials } from '../primordials.ts'

/** Converts a value to a string as WebIDL does: unlike `String()`, it throws for a symbol. */
export function textOf(value: unknown): string {
  // oxlint-disable-next-line typescript/no-unnecessary-template-expression -- the value may be no string
  return `${value as string}`
}

/** Maximum length of a text of a URL, in UTF-16 units. The host parses it, and what crosses to the host is copied. */
const maxUrlLength = 1024 * 1024

/**
 * Converts a value to a well-formed string for a URL or a part of one. Throws `RangeError` for one that exceeds
 * `maxUrlLength`.
 */
export function urlTextOf(p: Primordials, value: unknown): string {
  const text = textOf(value)
  if (text.length > maxUrlLength) {
    throw new p.RangeError(`A URL of ${text.length} characters is longer than the limit of ${maxUrlLength}`)
  }
  return p.stringToWellFormed(text)
}

/**
 * Returns an options argument as an object. For one that was left out it has no prototype, so that no member is
 * inherited.
 */
export function dictionaryOf(p: Primordials, options: unknown): Readonly<Record<string, unknown>> {
  if (options === null || options === undefined) return p.ObjectCreate(null) as Record<string, unknown>
  if (typeof options !== 'object' && typeof options !== 'function') {
    throw new p.TypeError('The "options" argument must be of type object.')
  }
  return options as Record<string, unknown>
}
