import { createInspector, type InspectorOptions } from './inspector.ts'
import { showPrimitive } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'
import { textHead } from './utf8.ts'

const maxInspectedLength = 16_384

export type InspectOptions = Partial<InspectorOptions> & { readonly depth?: number }

const noOptions: InspectOptions = { __proto__: null }

/**
 * Returns a value as text, as Node's `util.inspect` shows it, in at most 16,384 characters. No getter of the value is
 * called.
 */
export function inspect(p: Primordials, value: unknown, options: InspectOptions = noOptions): string {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return showPrimitive(p, value)
  const text = createInspector(p, {
    __proto__: null,
    ...options,
    maxDepth: options.depth ?? 2,
    maxLength: maxInspectedLength,
  })(value)
  if (text.length <= maxInspectedLength) return text
  const kept = textHead(p, text, maxInspectedLength)
  return `${kept}… ${text.length - kept.length} more characters`
}

/**
 * Formats the arguments of `console.log` as one text: strings unchanged, with `%s` and the other printf specifiers in
 * the first.
 */
export function formatLog(p: Primordials, args: readonly unknown[], options: InspectOptions = noOptions): string {
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
        text +=
          p.stringSlice(template, copied, at) + (isEscape ? '%' : formatArgument(p, letter, args[used++], options))
        copied = at + 2
      }
      at = p.stringIndexOf(template, '%', isEscape || isSpecifier ? copied : at + 1)
    }
    text += p.stringSlice(template, copied)
  }
  for (; used < args.length; used++) {
    const value = args[used]
    text += (used > 0 ? ' ' : '') + (typeof value === 'string' ? value : inspect(p, value, options))
  }
  return text
}

function formatArgument(p: Primordials, letter: string, value: unknown, options: InspectOptions): string {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  switch (letter) {
    case 's':
      return typeof value === 'string' ? value : inspect(p, value, { __proto__: null, ...options, depth: 0 })
    case 'd':
      if (typeof value === 'bigint') return inspect(p, value)
      return isObject || typeof value === 'symbol' ? 'NaN' : inspect(p, p.Number(value))
    case 'i':
      if (typeof value === 'bigint') return inspect(p, value)
      return isObject || typeof value === 'symbol' ? 'NaN' : inspect(p, p.parseInt(p.String(value), 10))
    case 'f':
      return isObject || typeof value === 'symbol' ? 'NaN' : inspect(p, p.parseFloat(p.String(value)))
    case 'j':
      try {
        return p.JSONStringify(value) ?? 'undefined'
      } catch {
        return '[Not JSON]'
      }
    case 'c':
      return ''
    default:
      return inspect(p, value, { __proto__: null, ...options, depth: 4 })
  }
}
