import { getLineInfo } from 'acorn'

/** Place in the code, counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Returns the line and column of an offset in the code. */
export function positionOf(code: string, offset: number): Position {
  const { line, column } = getLineInfo(code, offset)
  return { line, column: column + 1 }
}

/** Returns the offset of a line and a column in the code, at most that of the line's end. */
export function offsetOf(code: string, { line, column }: Position): number {
  const breaks = /\r\n|[\n\r\u2028\u2029]/g
  let start = 0
  for (let passed = 1; passed < line; passed++) {
    if (breaks.exec(code) === null) return code.length
    start = breaks.lastIndex
  }
  return Math.min(start + column - 1, breaks.exec(code)?.index ?? code.length)
}

/**
 * Returns the position that Node writes in the head of the stack of a SyntaxError: `code:2`, some lines of the code, and
 * carets under the last of them.
 */
export function positionInStack(stack: string): Position | undefined {
  const line = Number(/^[^\n]*:(\d+)\n/.exec(stack)?.[1])
  const column = (/^([ \t]*)\^+$/m.exec(stack)?.[1]?.length ?? 0) + 1
  return line >= 1 ? { line, column } : undefined
}
