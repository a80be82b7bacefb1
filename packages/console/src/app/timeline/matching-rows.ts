import { allKinds, isProblem, type Row, type RowKind } from './row.ts'

/** Rows that the timeline shows. */
export interface TimelineFilter {
  readonly kinds: ReadonlySet<RowKind>
  readonly text: string
  readonly onlyProblems: boolean
}

/** Returns the rows that match a filter. The end is of all kinds. */
export function matchingRows(rows: readonly Row[], { kinds, text, onlyProblems }: TimelineFilter): readonly Row[] {
  const wanted = text.trim().toLowerCase()
  if (kinds.size === allKinds.size && wanted === '' && !onlyProblems) return rows
  return rows.filter(
    (row) =>
      (kinds.has(row.kind) || row.kind === 'end') &&
      (!onlyProblems || isProblem(row)) &&
      (wanted === '' || hasText(row, wanted)),
  )
}

/** Returns whether the name, the note or a part of a row, such as its input, has a text in lower case. */
function hasText({ name, note = '', parts }: Row, wanted: string): boolean {
  const has = (text: string) => text.toLowerCase().includes(wanted)
  return has(name) || has(note) || parts.some(({ text }) => has(text))
}
