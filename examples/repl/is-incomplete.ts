import { parse } from 'acorn'

/** Returns whether code only needs further lines: its syntax error is at its end. */
export function isIncomplete(code: string): boolean {
  if (code.startsWith('.')) return false
  try {
    parse(code, { ecmaVersion: 'latest', allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true })
    return false
  } catch (error) {
    const { raisedAt, message } = error as SyntaxError & { raisedAt: number }
    return raisedAt >= code.trimEnd().length || /^Unterminated (template|comment)/.test(message)
  }
}
