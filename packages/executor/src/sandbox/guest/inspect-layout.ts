import { indentLines } from './indent-lines.ts'
import type { Primordials } from './primordials.ts'

/** Length of a line, in which the text and the margins of an object have to fit. */
export const defaultLineLength = 72

/** Length of a line that an object on one line leaves free, as in Node. */
const spareLength = 4

interface Layout {
  readonly open: string
  readonly close: string
  readonly isList: boolean
  /** Whether the nesting in the object is low enough for one line. */
  readonly isFlat: boolean
  readonly indent: number
  readonly lineLength: number
}

/** Joins the entries of an object between its brackets, on one line if they are short, or on several lines. */
export function joinEntries(
  p: Primordials,
  entries: readonly string[],
  { open, close, isList, isFlat, indent, lineLength }: Layout,
): string {
  const line = p.arrayJoin(entries, ', ')
  const fits = open.length + line.length + indent + spareLength <= lineLength && p.stringIndexOf(line, '\n') === -1
  if (fits && isFlat && p.stringIndexOf(open, '\n') === -1) return `${open} ${line} ${close}`
  let text = ''
  let width = 0
  for (let index = 0; index < entries.length; index++) {
    const entry = indentLines(p, entries[index] as string, '  ')
    const isLast = index === entries.length - 1
    // Items of a long list share lines; properties have one line each.
    const isShared = isList && entries.length > 6 && width > 0 && width + entry.length + indent < lineLength
    text += `${isShared ? ' ' : '\n  '}${entry}${isLast ? '' : ','}`
    width = p.stringIndexOf(entry, '\n') !== -1 ? lineLength : (isShared ? width : 0) + entry.length + 2
  }
  return `${open}${text}\n${close}`
}
