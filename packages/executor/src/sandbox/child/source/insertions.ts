import type { Shift } from '../../guest-boundary.ts'
import { positionOf, type Position } from './position.ts'

/** Text that is added to the code at an offset. It has no line breaks. */
export interface Insertion {
  readonly offset: number
  readonly text: string
}

/** Returns code with insertions, which are in the order of their offsets, and what they did to its columns. */
export function insert(code: string, insertions: readonly Insertion[]): { body: string; shifts: Shift[] } {
  let body = ''
  let copied = 0
  const shifts: Shift[] = []
  for (const { offset, text } of insertions) {
    body += code.slice(copied, offset) + text
    copied = offset
    shifts.push({ ...positionOf(code, offset), width: text.length })
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
