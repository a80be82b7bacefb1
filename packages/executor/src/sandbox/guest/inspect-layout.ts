import { indentLines } from './indent-lines.ts'
import type { Primordials } from './primordials.ts'

/** Length of a line, in which the text and the margins of an object have to fit. */
export const defaultLineLength = 72

/** Length of a line that an object on one line leaves free, as in Node. */
const spareLength = 4

/** Length by which the lines of Node are longer, in which the columns of a list have to fit. */
export const columnsLength = 8

interface Layout {
  readonly open: string
  readonly close: string
  /** Puts the entries of a long list into columns; undefined if it is no list. */
  readonly group: ((entries: readonly string[]) => readonly string[]) | undefined
  /** Whether the nesting in the object is low enough for one line. */
  readonly isFlat: boolean
  readonly indent: number
  readonly lineLength: number
}

/** Joins the entries of an object between its brackets, on one line if they are short, or on several lines. */
export function joinEntries(
  p: Primordials,
  entries: readonly string[],
  { open, close, group, isFlat, indent, lineLength }: Layout,
): string {
  // Properties have one line each, and items of a long list share lines.
  const lines = group !== undefined && entries.length > 6 ? group(entries) : entries
  if (lines === entries && isFlat) {
    const line = p.arrayJoin(entries, ', ')
    const fits = open.length + line.length + indent + spareLength <= lineLength && p.stringIndexOf(line, '\n') === -1
    if (fits && p.stringIndexOf(open, '\n') === -1) return `${open} ${line} ${close}`
  }
  let text = ''
  for (let index = 0; index < lines.length; index++) {
    text += `\n  ${indentLines(p, lines[index]!, '  ')}${index === lines.length - 1 ? '' : ','}`
  }
  return `${open}${text}\n${close}`
}
