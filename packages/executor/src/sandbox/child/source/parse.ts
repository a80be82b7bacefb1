import { type Comment, getLineInfo, type Program } from 'acorn'

import { LinearParser } from './linear-parser.ts'
import { SourceError } from './source-error.ts'

/** Program, and its text without what acorn accepts and the body of a function does not. */
export interface Parsed {
  readonly program: Program
  readonly body: string
}

/**
 * Parses JavaScript that is to be the body of a sloppy async function. The code must be such a body by itself, so that
 * it can't close the function that it is compiled into (code injection). `import` and `export` are accepted here, to be
 * refused later with a better message. Throws `SourceError`, or `RangeError` for code that is nested too deeply.
 */
export function parse(code: string): Parsed {
  const comments: Comment[] = []
  try {
    const program = LinearParser.parse(code, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
      allowImportExportEverywhere: true,
      onComment: comments,
    })
    return { program, body: withoutSpecialComments(code, comments) }
  } catch (error) {
    throw describe(error)
  }
}

/** Returns the line and column of an offset in the code, counted from 1. */
export function positionOf(code: string, offset: number): { line: number; column: number } {
  const { line, column } = getLineInfo(code, offset)
  return { line, column: column + 1 }
}

/**
 * Turns a hashbang, which is no comment within a function, into a comment, and disables `sourceURL` comments, by which
 * code could choose its file name in stack traces. HTML-like comments do not have that effect.
 */
function withoutSpecialComments(code: string, comments: readonly Comment[]): string {
  const source = code.startsWith('#!') ? `//${code.slice(2)}` : code
  let body = ''
  let copied = 0
  for (const { value, start } of comments) {
    if (source[start] !== '/' || !/^[#@]\s*source(?:Mapping)?URL/.test(value)) continue
    body += `${source.slice(copied, start + 2)} `
    copied = start + 3
  }
  return body + source.slice(copied)
}

function describe(error: unknown): unknown {
  // Acorn itself reports a stack overflow in this way where it notices it.
  if (error instanceof Error && error.message.startsWith('Not enough stack space')) return new RangeError(error.message)
  if (!(error instanceof SyntaxError) || !('loc' in error)) return error
  const { line, column } = error.loc as { line: number; column: number }
  return new SourceError(error.message.replace(/ \(\d+:\d+\)$/, ''), { line, column: column + 1 })
}
