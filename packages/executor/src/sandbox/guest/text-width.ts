import type { Primordials } from './primordials.ts'

/** Returns the number of columns that a text takes in a terminal: two for a wide character, none for a mark. */
export function textWidth(p: Primordials, text: string): number {
  if (p.regExpExec(/[^\x20-\x7e]/, text) === null) return text.length
  const wide =
    /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u
  const without = /^[\p{Mn}\p{Me}\p{Cf}]/u
  let width = 0
  for (let i = 0; i < text.length;) {
    const character = p.StringFromCodePoint(p.stringCodePointAt(text, i)!)
    i += character.length
    if (p.regExpExec(without, character) !== null) continue
    width += p.regExpExec(wide, character) === null ? 1 : 2
  }
  return width
}
