import type { Primordials } from '../primordials.ts'

/** WebIDL's conversion to a string: unlike `String()`, it throws for a symbol. */
export function textOf(value: unknown): string {
  // oxlint-disable-next-line typescript/no-unnecessary-template-expression -- the value only pretends to be a string
  return `${value as string}`
}

/** An options argument, which may be left out, as an object whose missing members are missing. */
export function dictionaryOf(p: Primordials, options: unknown): Readonly<Record<string, unknown>> {
  if (options === null || options === undefined) return p.ObjectCreate(null) as Record<string, unknown>
  if (typeof options !== 'object' && typeof options !== 'function') {
    throw new p.TypeError('The "options" argument must be of type object.')
  }
  return options as Record<string, unknown>
}
