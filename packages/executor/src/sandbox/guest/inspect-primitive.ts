import type { Primordials } from './primordials.ts'
import { textHead } from './utf8.ts'

const maxStringLength = 10_000

export function showPrimitive(p: Primordials, value: unknown, maxLength = maxStringLength): string {
  if (typeof value === 'string') {
    if (value.length <= maxLength) return quoteText(p, value)
    const kept = textHead(p, value, maxLength)
    const rest = value.length - kept.length
    return `${quoteText(p, kept)}... ${rest} more character${rest > 1 ? 's' : ''}`
  }
  if (typeof value === 'bigint') return `${p.bigIntToString(value)}n`
  if (typeof value === 'symbol') return p.symbolToString(value)
  return p.ObjectIs(value, -0) ? '-0' : `${value as number}`
}

/** Quotes a text with quotes that need no escaping, if there are any. */
function quoteText(p: Primordials, text: string): string {
  const quote = !p.stringIncludes(text, "'")
    ? "'"
    : !p.stringIncludes(text, '"')
      ? '"'
      : !p.stringIncludes(text, '`')
        ? '`'
        : "'"
  const json = p.JSONStringify(text) as string
  let quoted = quote
  let start = 1
  for (let index = 1; index < json.length - 1; index++) {
    const isEscape = json[index] === '\\'
    if (isEscape && json[index + 1] === '"' && quote !== '"') quoted += p.stringSlice(json, start, index)
    else if (!isEscape && json[index] === quote) quoted += `${p.stringSlice(json, start, index)}\\`
    else {
      if (isEscape) index++
      continue
    }
    start = isEscape ? index + 1 : index
    if (isEscape) index++
  }
  return quoted + p.stringSlice(json, start, json.length - 1) + quote
}

export function showKey(p: Primordials, key: string | symbol): string {
  if (typeof key === 'symbol') return p.symbolToString(key)
  return p.regExpExec(/^[A-Za-z_$][\w$]*$/, key) ? key : quoteText(p, key)
}

export function isIndex(p: Primordials, key: string): boolean {
  return p.regExpExec(/^(?:0|[1-9]\d{0,9})$/, key) !== null
}
