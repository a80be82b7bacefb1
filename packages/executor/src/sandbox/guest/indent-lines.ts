import type { Primordials } from './primordials.ts'

/** Puts `margin` before each line of a text, except the first one. */
export function indentLines(p: Primordials, text: string, margin: string): string {
  let indented = ''
  let start = 0
  for (let at = p.stringIndexOf(text, '\n'); at !== -1; at = p.stringIndexOf(text, '\n', start)) {
    indented += `${p.stringSlice(text, start, at)}\n${margin}`
    start = at + 1
  }
  return indented + p.stringSlice(text, start)
}
