import type { InspectOptions } from './inspect.ts'
import type { Primordials } from './primordials.ts'

/** Function that returns a value as text, as `inspect` does, to a depth or with other options. */
export type Show = (value: unknown, options?: number | InspectOptions) => string

/**
 * Formats the arguments of `console.log` as one text: strings unchanged, with `%s` and the other printf specifiers in
 * the first.
 */
export function formatLog(p: Primordials, args: readonly unknown[], show: Show): string {
  const template = args[0]
  let used = 0
  let text = ''
  if (typeof template === 'string' && args.length > 1) {
    used = 1
    let copied = 0
    for (let at = p.stringIndexOf(template, '%'); at !== -1 && at + 1 < template.length;) {
      const letter = template[at + 1] as string
      const isEscape = letter === '%'
      const isSpecifier = p.stringIncludes('sdifjoOc', letter) && used < args.length
      if (isEscape || isSpecifier) {
        text += p.stringSlice(template, copied, at) + (isEscape ? '%' : formatArgument(p, letter, args[used++], show))
        copied = at + 2
      }
      at = p.stringIndexOf(template, '%', isEscape || isSpecifier ? copied : at + 1)
    }
    text += p.stringSlice(template, copied)
  }
  for (; used < args.length; used++) {
    const value = args[used]
    text += (used > 0 ? ' ' : '') + (typeof value === 'string' ? value : show(value))
  }
  return text
}

function formatArgument(p: Primordials, letter: string, value: unknown, show: Show): string {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  switch (letter) {
    case 's':
      return typeof value === 'string' ? value : show(value, 0)
    case 'd':
      if (typeof value === 'bigint') return show(value)
      return isObject || typeof value === 'symbol' ? 'NaN' : show(p.Number(value))
    case 'i':
      if (typeof value === 'bigint') return show(value)
      return isObject || typeof value === 'symbol' ? 'NaN' : show(p.parseInt(p.String(value), 10))
    case 'f':
      return isObject || typeof value === 'symbol' ? 'NaN' : show(p.parseFloat(p.String(value)))
    case 'j':
      try {
        return p.JSONStringify(value) ?? 'undefined'
      } catch {
        return '[Not JSON]'
      }
    case 'c':
      return ''
    default:
      return show(value, 4)
  }
}
