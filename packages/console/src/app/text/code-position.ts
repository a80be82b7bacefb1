/** Position in the code of an execution, counted from 1. */
export interface CodePosition {
  readonly line: number
  readonly column: number
}

/** Returns the positions in a guest stack, the innermost first. Its lines end with `code:5:20` or `(code:5:20)`. */
export function positionsIn(guestStack: string): CodePosition[] {
  return guestStack
    .split('\n')
    .map((line) => /\bcode:(\d{1,7}):(\d{1,7})\)?$/.exec(line.slice(-64)))
    .filter((match) => match !== null)
    .map(([, line, column]) => ({ line: Number(line), column: Number(column) }))
}
