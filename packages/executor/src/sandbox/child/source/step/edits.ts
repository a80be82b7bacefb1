import type { Shift } from '../../../guest-boundary.ts'

/** Text that replaces a part of one line of the code, which may be empty. It has no line breaks. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly order: EditOrder
}

/** Order of edits at one offset: what ends there comes before what begins there, the outermost last and first. */
export const editOrder = { innerEnd: 0, outerEnd: 1, prologue: 2, outerStart: 3, innerStart: 4, name: 5 } as const

type EditOrder = (typeof editOrder)[keyof typeof editOrder]

/** Returns code with edits, and what they did to its columns. */
export function applyEdits(code: string, edits: readonly Edit[]): { body: string; shifts: Shift[] } {
  const sorted = edits.toSorted((a, b) => a.start - b.start || a.order - b.order)
  const shifts: Shift[] = []
  const breaks = /\r\n|[\n\r\u2028\u2029]/g
  let next = breaks.exec(code)
  let line = 1
  let lineStart = 0
  let body = ''
  let copied = 0
  for (const { start, end, text } of sorted) {
    body += code.slice(copied, start) + text
    copied = end
    for (; next !== null && breaks.lastIndex <= start; next = breaks.exec(code)) {
      line += 1
      lineStart = breaks.lastIndex
    }
    shifts.push({ line, column: start - lineStart + 1, width: text.length - (end - start) })
  }
  return { body: body + code.slice(copied), shifts }
}

/** Returns an edit that inserts text. */
export function insertion(offset: number, text: string, order: EditOrder): Edit {
  return { start: offset, end: offset, text, order }
}
