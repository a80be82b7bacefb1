/** Position in the code of an execution, counted from 1. */
export interface CodePosition {
  readonly line: number
  readonly column: number
}

/**
 * Returns the positions in a guest stack, the innermost first. Its frames begin with `at` and end with `code:5:20` or `(code:5:20)`; the
 * lines before them are the message.
 */
export function positionsIn(guestStack: string): CodePosition[] {
  return guestStack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => /\bcode:(\d{1,7}):(\d{1,7})\)?$/.exec(line.slice(-64)))
    .filter((match) => match !== null)
    .map(([, line, column]) => ({ line: Number(line), column: Number(column) }))
}
