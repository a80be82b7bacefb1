import { stripTypeScriptTypes } from 'node:module'

import { NO_MODULES, SourceError } from './source-error.ts'

const before = 'async function f() {\n'
const after = '\n}'

/**
 * Node's parser is a WebAssembly instance that a stack overflow breaks for good, and there is only one in a process: then the
 * process has to be replaced before it strips types again.
 */
let isBroken = false

/** Whether types can't be stripped in this process any more. */
export function isParserBroken(): boolean {
  return isBroken
}

/**
 * Replaces TypeScript's types by blanks: every line and column stays. The code may be the body of an async function, or have
 * imports and exports at its top level (of which those of types vanish). Throws `SourceError`, `RangeError` for code that
 * nests too deeply, which breaks the parser if it does so without brackets, and `ParserBrokenError` from then on.
 */
export function stripTypes(code: string): string {
  if (bracketDepth(code) > MAX_BRACKET_DEPTH) throw new RangeError('nested too deeply')
  if (isBroken) throw new ParserBrokenError()
  isWarm = true
  try {
    return strip(code)
  } catch (error) {
    if (error instanceof SourceError) throw error
    isBroken = true
    throw new RangeError('nested too deeply', { cause: error })
  }
}

/** Nothing is known of the code: another process has to say. */
export class ParserBrokenError extends Error {
  override readonly name = 'ParserBrokenError'
}

function strip(code: string): string {
  try {
    return stripTypeScriptTypes(before + code + after).slice(before.length, -after.length)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    try {
      return stripTypeScriptTypes(code)
    } catch (otherError) {
      throw otherError instanceof SyntaxError ? describe(error, code.split('\n').length) : otherError
    }
  }
}

/** It breaks at 800 brackets or more, or 1,600 operators. */
const MAX_BRACKET_DEPTH = 600

/** An upper bound, save for brackets in strings and comments. */
function bracketDepth(code: string): number {
  let depth = 0
  let deepest = 0
  for (const [bracket] of code.matchAll(/[([{}\])]/g)) {
    depth = '([{'.includes(bracket) ? depth + 1 : Math.max(0, depth - 1)
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

let isWarm = false

/** The first use in a process takes 28 ms, which should not be an execution's. False if it has been made. */
export function warmUp(): boolean {
  if (isWarm) return false
  stripTypes('let warm: 1')
  return true
}

const advice: readonly (readonly [RegExp, string])[] = [
  [/\b(?:import|export)\b/, NO_MODULES],
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
  return new SourceError(known?.[1] ?? error.message, placeIn(error.stack ?? '', lineCount), isUnsupported)
}

/** Node gives the place only in the head of the stack: `:2`, some lines of the code, and carets under the last. */
function placeIn(stack: string, lineCount: number): { line: number; column: number } | undefined {
  const line = Number(/^[^\n]*:(\d+)\n/.exec(stack)?.[1]) - 1
  const column = (/^([ \t]*)\^+$/m.exec(stack)?.[1]?.length ?? 0) + 1
  // What is missed at the end of the code is missed within the wrapper.
  return line >= 1 && line <= lineCount ? { line, column } : undefined
}
