import type { Primordials } from './primordials.ts'

/** How many bytes the text takes in UTF-8; an unpaired surrogate counts as the three bytes of its replacement. */
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

/** How many characters of ASCII a text begins with, as far as it is worth asking: V8 finds the first other one in no time. */
function asciiLength(p: Primordials, text: string): number {
  if (text.length < 1_024) return 0
  return p.regExpExec(/[\u0080-\uffff]/, text)?.index ?? text.length
}

/** Whether the text takes more than `limit` bytes; counts only when the number of its characters leaves it open. */
export function isLongerThan(p: Primordials, text: string, limit: number): boolean {
  if (text.length > limit) return true
  return text.length * 3 > limit && utf8Length(p, text) > limit
}

/** The longest beginning of the text that takes at most `limit` bytes and splits no character. */
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

/** The first `length` UTF-16 units of a text; one less where a surrogate pair would be split. */
export function textHead(p: Primordials, text: string, length: number): string {
  return p.stringSlice(text, 0, length > 0 && isPairAt(p, text, length - 1) ? length - 1 : length)
}

/** A pair of surrogates takes four bytes: two units and two more, as `utf8Length` counts it. */
function isPairAt(p: Primordials, text: string, i: number): boolean {
  const unit = p.stringCharCodeAt(text, i)
  if (unit < 0xd800 || unit > 0xdbff || i + 1 >= text.length) return false
  const next = p.stringCharCodeAt(text, i + 1)
  return next >= 0xdc00 && next <= 0xdfff
}
