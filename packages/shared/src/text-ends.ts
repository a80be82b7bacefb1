/** Returns the first `maxLength` UTF-16 units of a text; one fewer if the cut would split a surrogate pair. */
export function textHead(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return text.slice(0, splitsPair(text, maxLength) ? maxLength - 1 : maxLength)
}

/** Returns the last `maxLength` UTF-16 units of a text; one fewer if the cut would split a surrogate pair. */
export function textTail(text: string, maxLength: number): string {
  const start = text.length - maxLength
  if (start <= 0) return text
  return text.slice(splitsPair(text, start) ? start + 1 : start)
}

/** Returns the text, or its `textHead` and the number of UTF-16 units that were cut off. */
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
