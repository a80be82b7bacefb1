import { type Comment, type Program } from 'acorn'

import { offsetOfOpenTemplate } from './brackets.ts'
import { LinearParser } from './linear-parser.ts'
import { positionOf } from './position.ts'
import { unexpected } from './unexpected.ts'
import { SourceError } from './source-error.ts'

const tag = /^<(?:>|[A-Za-z][\w.]*(?:\s*\/?>|\s+[\w-]+\s*=|\s+\{))/
const typeParameters = /^<[\w.]+>\s*\(/
export const jsxHint = 'JSX is not supported: build an object or a string instead.'

const tagHint = 'Send the program without tags around it. JSX and HTML are not supported.'

/** Program, and its text without what acorn accepts and the body of a function does not. */
export interface Parsed {
  readonly program: Program
  readonly code: string
}

/**
 * Parses JavaScript that is to be the body of a sloppy async function. The code must be such a body by itself, so that
 * it can't close the function that it is compiled into (code injection). `import` and `export` are accepted here, to be
 * replaced, or refused with a better message, later. Throws `SourceError`, or `RangeError` for code that is nested too
 * deeply.
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
    return { program, code: withoutSourceUrls(code, comments) }
  } catch (error) {
    throw describe(error, code)
  }
}

/**
 * Disables `sourceURL` comments, by which code could choose its file name in stack traces. HTML-like comments do not
 * have that effect.
 */
function withoutSourceUrls(code: string, comments: readonly Comment[]): string {
  let body = ''
  let copied = 0
  for (const { value, start } of comments) {
    if (code[start] !== '/' || !/^[#@]\s*source(?:Mapping)?URL/.test(value)) continue
    body += `${code.slice(copied, start + 2)} `
    copied = start + 3
  }
  return body + code.slice(copied)
}

function describe(error: unknown, code: string): unknown {
  // Acorn itself reports a stack overflow in this way where it notices it.
  if (error instanceof Error && error.message.startsWith('Not enough stack space')) return new RangeError(error.message)
  if (!(error instanceof SyntaxError) || !('loc' in error)) return error
  const { loc, pos } = error as unknown as { loc: { line: number; column: number }; pos: number }
  const message = inWordsOfV8(error.message.replace(/ \(\d+:\d+\)$/, ''))
  const template = message === 'Unterminated template literal' ? offsetOfOpenTemplate(code) : undefined
  if (template !== undefined) return new SourceError(message, positionOf(code, template), { isConclusive: true })
  // Acorn's place of a regular expression is behind its slash.
  const column = loc.column + (/regular expression/i.test(message) ? 0 : 1)
  const hint = isJsx(code, pos) ? (code.slice(0, pos).trim() === '' ? tagHint : jsxHint) : undefined
  return new SourceError(
    message === 'Unexpected token' ? unexpected(code, pos) : message,
    { line: loc.line, column },
    {
      hint,
      // What is not terminated begins here, although the other parser goes on to the end.
      isConclusive: hint !== undefined || /^(?:Unterminated|'new\.target')/.test(message),
    },
  )
}

function inWordsOfV8(message: string): string {
  const [, statement] = /^Unsyntactic (break|continue)$/.exec(message) ?? []
  if (statement !== undefined) return `Illegal ${statement} statement`
  return message === 'Unterminated template' ? 'Unterminated template literal' : message
}

/** Returns whether a tag begins at an offset, rather than the type parameters of a function. */
function isJsx(code: string, offset: number): boolean {
  const text = code.slice(offset, offset + 100)
  return tag.test(text) && !typeParameters.test(text) && !/[\w$]/.test(code[offset - 1] ?? '')
}
