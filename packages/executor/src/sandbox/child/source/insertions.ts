import type { Shift } from '../../guest-boundary.ts'
import type { Position } from './position.ts'

/** Text that is added to the code at an offset. It has no line breaks. */
export interface Insertion {
  readonly offset: number
  readonly text: string
}

/** Returns code with insertions, which are in the order of their offsets, and what they did to its columns. */
export function insert(code: string, insertions: readonly Insertion[]): { body: string; shifts: Shift[] } {
  if (insertions.length === 0) return { body: code, shifts: [] }
  let body = ''
  let copied = 0
  const shifts: Shift[] = []
  let line = 1
  let lineStart = 0
  const breaks = /\r\n|[\n\r\u2028\u2029]/g
  let next = breaks.exec(code)
  for (const { offset, text } of insertions) {
    body += code.slice(copied, offset) + text
    copied = offset
    for (; next !== null && breaks.lastIndex <= offset; next = breaks.exec(code)) {
      line += 1
      lineStart = breaks.lastIndex
    }
    shifts.push({ line, column: offset - lineStart + 1, width: text.length })
  }
  return { body: body + code.slice(copied), shifts }
}

/** Returns the position in the code of a position in its body. */
export function withoutShifts({ line, column }: Position, shifts: readonly Shift[]): Position {
  let original = column
  for (const shift of shifts) {
    if (shift.line === line && original >= shift.column) original = Math.max(shift.column, original - shift.width)
  }
  return { line, column: original }
}
