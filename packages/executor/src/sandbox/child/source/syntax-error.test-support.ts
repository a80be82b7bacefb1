import { expect } from 'vitest'

/** Code that is refused, and the place, the message and the hint of its error. */
export type Row = [code: string, line: number, column: number, message: RegExp | string, hint?: RegExp]

/** Returns a matcher of a text, or of texts that match a pattern. */
export function matching(text: RegExp | string): string {
  return expect.stringMatching(typeof text === 'string' ? new RegExp(`^${RegExp.escape(text)}$`) : text) as string
}

/** Returns a matcher of what is prepared from code that is refused. */
export function refusalOf([, line, column, message, hint]: Row): unknown {
  return { ok: false, line, column, message: matching(message), ...(hint && { hint: matching(hint) }) }
}
