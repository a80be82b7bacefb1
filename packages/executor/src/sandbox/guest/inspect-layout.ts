import type { Primordials } from './primordials.ts'

const maxLineLength = 72

interface Layout {
  readonly open: string
  readonly close: string
  readonly isList: boolean
  /** Whether the nesting in the object is low enough for one line. */
  readonly isFlat: boolean
  readonly indent: number
}

/** Joins the entries of an object between its brackets, on one line if they are short, or on several lines. */
export function joinEntries(
  p: Primordials,
  entries: readonly string[],
  { open, close, isList, isFlat, indent }: Layout,
): string {
  const line = p.arrayJoin(entries, ', ')
  const fits = open.length + line.length + indent <= maxLineLength && p.stringIndexOf(line, '\n') === -1
  if (fits && isFlat && p.stringIndexOf(open, '\n') === -1) return `${open} ${line} ${close}`
  let text = ''
  let width = 0
  for (let index = 0; index < entries.length; index++) {
    const entry = indentLines(p, entries[index] as string)
    const isLast = index === entries.length - 1
    // Items of a long list share lines; properties have one line each.
    const isShared = isList && entries.length > 6 && width > 0 && width + entry.length + indent < maxLineLength
    text += `${isShared ? ' ' : '\n  '}${entry}${isLast ? '' : ','}`
    width = p.stringIndexOf(entry, '\n') !== -1 ? maxLineLength : (isShared ? width : 0) + entry.length + 2
  }
  return `${open}${text}\n${close}`
}

function indentLines(p: Primordials, text: string): string {
  let indented = ''
  let start = 0
  for (let at = p.stringIndexOf(text, '\n'); at !== -1; at = p.stringIndexOf(text, '\n', start)) {
    indented += `${p.stringSlice(text, start, at)}\n  `
    start = at + 1
  }
  return indented + p.stringSlice(text, start)
}
