import type { Primordials } from './primordials.ts'

/**
 * Returns the number of bytes that a text takes in UTF-8. An unpaired surrogate counts as the three bytes of its
 * replacement.
 */
export function utf8Length(p: Primordials, text: string): number {
  let bytes = text.length
  for (let i = asciiLength(p, text); i < text.length; i++) {
    const unit = p.stringCharCodeAt(text, i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    if (isPairAt(p, text, i)) i++
  }
  return bytes
}

/**
 * Returns the number of ASCII characters that a long text begins with, which V8 finds very quickly; 0 for a short text,
 * for which the search is not worth it.
 */
function asciiLength(p: Primordials, text: string): number {
  if (text.length < 1_024) return 0
  return p.regExpExec(/[\u0080-\uffff]/, text)?.index ?? text.length
}

/**
 * Returns whether a text takes more than `limit` bytes. It counts them only if the number of characters does not decide
 * it.
 */
export function isLongerThan(p: Primordials, text: string, limit: number): boolean {
  if (text.length > limit) return true
  return text.length * 3 > limit && utf8Length(p, text) > limit
}

/** Returns the longest beginning of a text that takes at most `limit` bytes and splits no character. */
export function utf8Prefix(p: Primordials, text: string, limit: number): string {
  let bytes = 0
  let end = 0
  while (end < text.length) {
    const unit = p.stringCharCodeAt(text, end)
    const isPair = isPairAt(p, text, end)
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3
    if (bytes > limit) break
    end += isPair ? 2 : 1
  }
  return p.stringSlice(text, 0, end)
}

/** Returns the first `length` UTF-16 units of a text, or one less where a surrogate pair would be split. */
export function textHead(p: Primordials, text: string, length: number): string {
  return p.stringSlice(text, 0, length > 0 && isPairAt(p, text, length - 1) ? length - 1 : length)
}

/**
 * Returns whether a surrogate pair begins at `i`. A pair takes four bytes: two units and two more, as `utf8Length`
 * counts it.
 */
function isPairAt(p: Primordials, text: string, i: number): boolean {
  const unit = p.stringCharCodeAt(text, i)
  if (unit < 0xd800 || unit > 0xdbff || i + 1 >= text.length) return false
  const next = p.stringCharCodeAt(text, i + 1)
  return next >= 0xdc00 && next <= 0xdfff
}
