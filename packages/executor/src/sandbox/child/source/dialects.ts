import { tokenizer, tokTypes } from 'acorn'

import type { Shift } from '../../guest-boundary.ts'
import { analyse, type Analysis } from './analysis.ts'
import { withoutShifts } from './insertions.ts'
import { type Parsed, parse } from './parse.ts'
import { positionOf } from './position.ts'
import { SourceError } from './source-error.ts'
import { stripTypes } from './strip-types.ts'

/** Program in one of the forms that code may have, with the facts from which its value is determined. */
export interface Understood extends Parsed {
  readonly analysis: Analysis
  /** Offset in the code at which `return` was inserted, because the code is an object literal. */
  readonly returnedAt: number | undefined
}

/** Text that makes an object literal a program. */
const literalReturn = 'return '

/**
 * Parses code as JavaScript, or else as TypeScript, and in each of them as an object literal first: as a program, `{ a: 1
 * }` is a block and `{ a: 1, b: 2 }` is an error. If all fail, it throws the error of the attempt that got furthest.
 */
export function parseAnyDialect(code: string): Understood {
  const brace = offsetOfBrace(code)
  let best: SourceError | undefined

  function attempt<T>(understand: () => T): T | undefined {
    try {
      return understand()
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      if (best === undefined || error.isBetterThan(best)) best = error
      return undefined
    }
  }

  const asJavaScript =
    (brace === undefined ? undefined : attempt(() => parseLiteral(code, brace, String))) ??
    attempt(() => parseProgram(code))
  if (asJavaScript !== undefined) return asJavaScript
  const literal = brace === undefined ? undefined : attempt(() => parseLiteral(code, brace, stripTypes))
  if (literal !== undefined) return literal
  const stripped = attempt(() => stripTypes(code))
  if (stripped === undefined) throw best!
  return parseProgram(stripped)
}

/** Start of code whose first token may be a brace, possibly behind comments. */
const mayStartWithBrace = /^\s*(?:\{|\/|<!--|-->)/

/** Returns the offset of a brace that is the first token of the code. */
function offsetOfBrace(code: string): number | undefined {
  if (!mayStartWithBrace.test(code)) return undefined
  try {
    const { type, start } = tokenizer(code, { ecmaVersion: 'latest' }).getToken()
    return type === tokTypes.braceL ? start : undefined
  } catch {
    return undefined
  }
}

function parseProgram(code: string): Understood {
  const parsed = parse(code)
  return { ...parsed, analysis: analyse(parsed.program, parsed.code), returnedAt: undefined }
}

/** Parses code that may be an object literal, and returns undefined if it is anything else. */
function parseLiteral(code: string, brace: number, toJavaScript: (code: string) => string): Understood | undefined {
  const text = code.slice(0, brace) + literalReturn + code.slice(brace)
  let parsed: Parsed
  try {
    parsed = parse(toJavaScript(text))
  } catch (error) {
    throw error instanceof SourceError ? error.at(withoutShifts(error.position, [shiftAt(code, brace)])) : error
  }
  const [first, second] = parsed.program.body.filter(({ type }) => type !== 'EmptyStatement')
  const isLiteral = first?.type === 'ReturnStatement' && first.argument?.type === 'ObjectExpression'
  if (!isLiteral || second !== undefined) return undefined
  return { ...parsed, analysis: analyse(parsed.program, parsed.code), returnedAt: brace }
}

/** Returns what the insertion of `return` did to the columns of an object literal. */
export function shiftAt(code: string, brace: number): Shift {
  return { ...positionOf(code, brace), width: literalReturn.length }
}
