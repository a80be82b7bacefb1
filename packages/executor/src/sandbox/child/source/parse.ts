import { type Comment, getLineInfo, type Program } from 'acorn'

import { LinearParser } from './linear-parser.ts'
import { SourceError } from './source-error.ts'

/** A program, and its text without what acorn accepts and the body of a function does not. */
export interface Parsed {
  readonly program: Program
  readonly body: string
}

/**
 * Parses JavaScript that is to be the body of a sloppy async function. It has to be one by itself, so that no code can close
 * the function that it is compiled into. `import` and `export` are let through here to be refused with a better message.
 * Throws `SourceError`, or `RangeError` for code that is nested too deeply.
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
    return { program, body: defuse(code, comments) }
  } catch (error) {
    throw describe(error)
  }
}

/** The place of an offset in the code. */
export function placeOf(code: string, offset: number): { line: number; column: number } {
  const { line, column } = getLineInfo(code, offset)
  return { line, column: column + 1 }
}

/**
 * Makes a hashbang, which is no comment within a function, one; and breaks `sourceURL` comments, by which code would choose
 * its file name in stacks. Comments that begin like HTML's have no such meaning.
 */
function defuse(code: string, comments: readonly Comment[]): string {
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
  // Acorn says so itself where it notices.
  if (error instanceof Error && error.message.startsWith('Not enough stack space')) return new RangeError(error.message)
  if (!(error instanceof SyntaxError) || !('loc' in error)) return error
  const { line, column } = error.loc as { line: number; column: number }
  return new SourceError(error.message.replace(/ \(\d+:\d+\)$/, ''), { line, column: column + 1 })
}
