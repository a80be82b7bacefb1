/** Returns the first `maxLength` UTF-16 units of a text; one less where a surrogate pair would be split. */
export function textHead(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return text.slice(0, splitsPair(text, maxLength) ? maxLength - 1 : maxLength)
}

/** Returns the last `maxLength` UTF-16 units of a text; one less where a surrogate pair would be split. */
export function textTail(text: string, maxLength: number): string {
  const start = text.length - maxLength
  if (start <= 0) return text
  return text.slice(splitsPair(text, start) ? start + 1 : start)
}

/** Returns `textHead`, followed by the number of characters that are left out. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const head = textHead(text, maxLength)
  return `${head}… (${text.length - head.length} more characters)`
}

function splitsPair(text: string, at: number): boolean {
  if (at <= 0) return false
  const before = text.charCodeAt(at - 1)
  const after = text.charCodeAt(at)
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff
}
