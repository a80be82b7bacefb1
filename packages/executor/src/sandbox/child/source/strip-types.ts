import { stripTypeScriptTypes } from 'node:module'

import { noModulesMessage, SourceError } from './source-error.ts'

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
 * async function, or have imports and exports at its top level (those of types are removed). Throws `SourceError`;
 * `RangeError` for code that nests too deeply, which breaks the parser if the nesting is without brackets; and
 * `ParserBrokenError` from then on.
 */
export function stripTypes(code: string): string {
  if (bracketDepth(code) > maxBracketDepth) throw new RangeError('nested too deeply')
  if (isBroken) throw new ParserBrokenError()
  isLoaded = true
  try {
    return strip(code)
  } catch (error) {
    if (error instanceof SourceError) throw error
    isBroken = true
    throw new RangeError('nested too deeply', { cause: error })
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
    try {
      return stripTypeScriptTypes(code)
    } catch (otherError) {
      throw otherError instanceof SyntaxError ? describe(error, code.split('\n').length) : otherError
    }
  }
}

/** Maximum nesting of brackets. The parser breaks at 800 brackets or more, or at 1,600 operators. */
const maxBracketDepth = 600

/**
 * Returns the nesting of brackets of all kinds. Brackets in strings and comments count as well, so the result is
 * approximate.
 */
function bracketDepth(code: string): number {
  let depth = 0
  let deepest = 0
  for (const [bracket] of code.matchAll(/[([{}\])]/g)) {
    depth = '([{'.includes(bracket) ? depth + 1 : Math.max(0, depth - 1)
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

let isLoaded = false

/**
 * Loads the parser, whose first use in a process takes 28 ms, before an execution needs it. Returns false if it is
 * loaded already.
 */
export function loadParser(): boolean {
  if (isLoaded) return false
  stripTypes('let a: 1')
  return true
}

const advice: readonly (readonly [RegExp, string])[] = [
  [/\b(?:import|export)\b/, noModulesMessage],
  [/\benum\b/, "TypeScript's enum is not supported: use an object, such as const Color = { Red: 'red' }"],
  [/\b(?:namespace|module)\b/, "TypeScript's namespace is not supported: use an object or plain functions"],
  [
    /\bparameter property\b/,
    "TypeScript's parameter properties are not supported: declare a field and assign it in the constructor",
  ],
]

function describe(error: unknown, lineCount: number): unknown {
  if (!(error instanceof SyntaxError) || !('code' in error) || error.code === undefined) return error
  const isUnsupported = error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || /'import'|'export'/.test(error.message)
  const known = isUnsupported ? advice.find(([pattern]) => pattern.test(error.message)) : undefined
  return new SourceError(known?.[1] ?? error.message, positionIn(error.stack ?? '', lineCount), isUnsupported)
}

/**
 * Returns the place of an error in the code. Node gives it only in the head of the stack: `:2`, some lines of the code,
 * and carets under the last.
 */
function positionIn(stack: string, lineCount: number): { line: number; column: number } | undefined {
  const line = Number(/^[^\n]*:(\d+)\n/.exec(stack)?.[1]) - 1
  const column = (/^([ \t]*)\^+$/m.exec(stack)?.[1]?.length ?? 0) + 1
  // An error about missing text at the end of the code has its place in the wrapper.
  return line >= 1 && line <= lineCount ? { line, column } : undefined
}
