import { stripTypeScriptTypes } from 'node:module'

import { deepestBracket, offsetOfExtraCloser } from './brackets.ts'
import { offsetOf, positionInStack, positionOf, type Position } from './position.ts'
import { modulesError, SourceError } from './source-error.ts'
import { unexpected } from './unexpected.ts'

const wrapperStart = 'async function f() {\n'
const wrapperEnd = '\n}'

/**
 * Whether Node's parser is broken. It is a WebAssembly instance that a stack overflow breaks permanently, and a process
 * has only one, so the process must be replaced before it can strip types again.
 */
let isBroken = false

/** Returns whether types can no longer be stripped in this process. */
export function isParserBroken(): boolean {
  return isBroken
}

/**
 * Replaces TypeScript's types by blanks, so that line and column numbers stay the same. The code may be the body of an
 * async function, or have imports and exports at its top level (those of types are removed). Throws `SourceError`, which
 * breaks the parser if the error is far behind in a line; `RangeError` for code that nests too deeply, which breaks the
 * parser if the nesting is without brackets; and `ParserBrokenError` once the parser is broken.
 */
export function stripTypes(code: string): string {
  if (deepestBracket(code).depth > maxBracketDepth || hasManyFences(code)) throw new RangeError('nested too deeply')
  if (isBroken) throw new ParserBrokenError()
  isLoaded = true
  try {
    return strip(code)
  } catch (error) {
    if (error instanceof SourceError) throw error
    isBroken = true
    throw errorInLongLine(error, code) ?? new RangeError('nested too deeply', { cause: error })
  }
}

/** Error for code that could not be parsed because the parser is broken. Another process has to prepare it. */
export class ParserBrokenError extends Error {
  override readonly name = 'ParserBrokenError'
}

function strip(code: string): string {
  try {
    return stripTypeScriptTypes(wrapperStart + code + wrapperEnd).slice(wrapperStart.length, -wrapperEnd.length)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const withoutImports = withoutTypeImports(code)
    if (withoutImports !== code) return strip(withoutImports)
    try {
      return stripTypeScriptTypes(code)
    } catch (otherError) {
      if (!(otherError instanceof SyntaxError)) throw otherError
      throw hidesExport(error, otherError, code) ? describe(otherError, code, 0) : describe(error, code, 1)
    }
  }
}

/** Replaces the imports of types at the beginning of the code by blanks: the body of a function can't have them. */
function withoutTypeImports(code: string): string {
  const gap = /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y
  const typeImport = /import\s+type\s[^'"`;()=]*\bfrom\s*(?:'[^'\n]*'|"[^"\n]*");?/y
  let text = ''
  let offset = 0
  for (;;) {
    const isImport = matchAt(typeImport, code, offset)
    const end = isImport ?? matchAt(gap, code, offset)
    if (end === undefined) return text + code.slice(offset)
    const part = code.slice(offset, end)
    text += isImport === undefined ? part : part.replaceAll(/[^\n\r]/g, ' ')
    offset = end
  }
}

/** Returns the offset at which a match ends that begins at an offset. */
function matchAt(pattern: RegExp, code: string, offset: number): number | undefined {
  pattern.lastIndex = offset
  return pattern.test(code) ? pattern.lastIndex : undefined
}

/**
 * Returns whether code within a function fails only because of an `export`, which is accepted, so that the error of the
 * code by itself is the one to report.
 */
function hidesExport(within: SyntaxError, byItself: SyntaxError, code: string): boolean {
  const isExport =
    /'export'/.test(within.message) && code.startsWith('export', offsetOf(code, positionOfError(within, code, 1)))
  return isExport && !byItself.message.startsWith('Return statement')
}

/** Maximum nesting of brackets. The parser breaks at 800 brackets or more, or at 1,600 operators. */
const maxBracketDepth = 600

/** Maximum number of lines with a code fence. The parser breaks at several thousand: each is a tag of the next one. */
const maxFenceLines = 1_000

function hasManyFences(code: string): boolean {
  let count = 0
  for (const _ of code.matchAll(/^[ \t]*```/gm)) if (++count > maxFenceLines) return true
  return false
}

/** First columns of a line in which the parser can report an error: its columns have 16 bits. */
const maxErrorColumn = 65_500

/**
 * Returns the error for code that the parser has failed to report an error of, because the error is far behind in a line;
 * undefined if the parser has failed for another reason.
 */
function errorInLongLine(thrown: unknown, code: string): SourceError | undefined {
  if (thrown instanceof RangeError || !(thrown instanceof Error) || !thrown.message.startsWith('unreachable')) {
    return undefined
  }
  const lines = code.split('\n')
  const index = lines.findIndex((line) => line.length > maxErrorColumn)
  if (index === -1) return undefined
  const place = `line ${index + 1}, which has ${lines[index]!.length} characters`
  return new SourceError(
    `syntax error behind column ${maxErrorColumn} of ${place}`,
    { line: index + 1, column: maxErrorColumn },
    { hint: 'Break the line into shorter ones, so that the place of the error can be shown.' },
  )
}

let isLoaded = false

/** Returns whether the parser has been used in this process. */
export function isParserLoaded(): boolean {
  return isLoaded
}

/** Loads the parser, whose first use in a process takes 28 ms, before an execution needs it. */
export function loadParser(): void {
  stripTypes('let a: 1')
}

/** Messages and hints for syntax that strip mode refuses, by patterns of Node's messages. */
const unsupported: readonly (readonly [RegExp, string, string])[] = [
  [
    /\benum\b/,
    "Unexpected token 'enum': TypeScript's enum is not supported",
    "Use an object instead of the enum, such as const Color = { Red: 'red' } as const.",
  ],
  [
    /\b(?:namespace|module)\b/,
    "TypeScript's namespace is not supported",
    'Use an object or plain functions instead of the namespace.',
  ],
  [
    /\bparameter property\b/,
    "TypeScript's parameter properties are not supported",
    'Declare a field and assign it in the constructor.',
  ],
]

/** Returns the error of code that was parsed behind some lines of a wrapper. */
function describe(error: SyntaxError, code: string, linesBefore: number): unknown {
  if (!('code' in error) || error.code === undefined) return error
  const { message } = error
  const position = positionOfError(error, code, linesBefore)
  const isUnsupported = error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  if (/'import'|'export'/.test(message) || (isUnsupported && /\b(?:import|export)\b/.test(message))) {
    return modulesError(position, code, offsetOf(code, position))
  }
  if (isUnsupported) {
    const [, text = message, hint] = unsupported.find(([pattern]) => pattern.test(message)) ?? []
    return new SourceError(text, position, { hint, isConclusive: true })
  }
  const closer = offsetOfExtraCloser(code)
  const offset = offsetOf(code, position)
  if (closer !== undefined && closer < offset)
    return new SourceError(unexpected(code, closer), positionOf(code, closer))
  // These messages list what was expected, and not always what was found.
  const isVague = /^(?:Expected|Expression expected|Unexpected token)/.test(message)
  return new SourceError(isVague ? unexpected(code, offset) : message, position)
}

/**
 * Returns the place of an error in the code. One about missing text has its place in the wrapper, behind the code, or
 * no column.
 */
function positionOfError(error: SyntaxError, code: string, linesBefore: number): Position {
  const stack = error.stack ?? ''
  const found = positionInStack(stack)
  const hasColumn = linesBefore > 0 || /^[ \t]*\^+$/m.test(stack) || error.message.includes('not supported')
  if (found === undefined || !hasColumn) return positionOf(code, code.length)
  let start = 0
  for (let passed = 1 + linesBefore; passed < found.line; passed++) {
    const next = code.indexOf('\n', start) + 1
    if (next === 0) return positionOf(code, code.length)
    start = next
  }
  if (found.line <= linesBefore) return positionOf(code, 0)
  const end = code.indexOf('\n', start)
  return positionOf(code, start + lengthOfWidth(code.slice(start, end === -1 ? undefined : end), found.column - 1))
}

/** Returns the number of characters of a line that take a width in a terminal, where carets point at an error. */
function lengthOfWidth(line: string, width: number): number {
  let length = 0
  let taken = 0
  for (const character of line) {
    if (taken >= width) break
    if (character === '\t') taken += 4 - (taken % 4)
    else if (!/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) taken += isWide(character) ? 2 : 1
    length += character.length
  }
  return length
}

function isWide(character: string): boolean {
  return /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303F\uFF00-\uFF60]$/u.test(
    character,
  )
}
