import type { Primordials } from '../primordials.ts'

/** WebIDL's conversion to a string: unlike `String()`, it throws for a symbol. */
export function textOf(value: unknown): string {
  // oxlint-disable-next-line typescript/no-unnecessary-template-expression -- the value only pretends to be a string
  return `${value as string}`
}

/** In UTF-16 units. Parsing is the host's, and what crosses to it is copied. */
const maxUrlLength = 1024 * 1024

/** A part of a URL: a well-formed string. Throws `RangeError` for one that is too long to be any URL's. */
export function urlTextOf(p: Primordials, value: unknown): string {
  const text = textOf(value)
  if (text.length > maxUrlLength) {
    throw new p.RangeError(`A URL of ${text.length} characters is longer than the limit of ${maxUrlLength}`)
  }
  return p.stringToWellFormed(text)
}

/** An options argument, which may be left out, as an object whose missing members are missing. */
export function dictionaryOf(p: Primordials, options: unknown): Readonly<Record<string, unknown>> {
  if (options === null || options === undefined) return p.ObjectCreate(null) as Record<string, unknown>
  if (typeof options !== 'object' && typeof options !== 'function') {
    throw new p.TypeError('The "options" argument must be of type object.')
  }
  return options as Record<string, unknown>
}
