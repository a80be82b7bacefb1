import { tokenizer, tokTypes } from 'acorn'

import type { Shift } from '../../guest-boundary.ts'
import { analyse, type Analysis } from './analysis.ts'
import { type Insertion, withoutShifts } from './insertions.ts'
import { type Parsed, parse } from './parse.ts'
import { positionOf } from './position.ts'
import { SourceError } from './source-error.ts'
import { stripTypes } from './strip-types.ts'

/** Program in one of the forms that code may have, with the facts from which its value is determined. */
export interface Understood extends Parsed {
  readonly analysis: Analysis
  /** Text that was inserted into the code to make it a program, because it is an object literal or a function. */
  readonly prefix: Insertion | undefined
}

/**
 * Parses code as JavaScript, or else as TypeScript, and in each of them as one expression first, if it begins like an
 * object literal or a function without a name: as a program, `{ a: 1 }` is a block, and `{ a: 1, b: 2 }` and `function ()
 * {}` are errors. If all fail, it throws the error of the attempt that got furthest.
 */
export function parseAnyDialect(code: string): Understood {
  const prefix = prefixOf(code)
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
    (prefix === undefined ? undefined : attempt(() => parsePrefixed(code, prefix, String))) ??
    attempt(() => parseProgram(code))
  if (asJavaScript !== undefined) return asJavaScript
  const expression = prefix === undefined ? undefined : attempt(() => parsePrefixed(code, prefix, stripTypes))
  if (expression !== undefined) return expression
  const stripped = attempt(() => stripTypes(code))
  if (stripped === undefined) throw best!
  return parseProgram(stripped)
}

/** Start of code whose first token may begin an expression, possibly behind comments. */
const mayNeedPrefix = /^\s*(?:\{|\/|<!--|-->|async\b|function\b)/

/** Returns what may make code a program whose first token is a brace, or which begins with a function without a name. */
function prefixOf(code: string): Insertion | undefined {
  if (!mayNeedPrefix.test(code)) return undefined
  try {
    const tokens = tokenizer(code, { ecmaVersion: 'latest' })
    const first = tokens.getToken()
    const { start } = first
    if (first.type === tokTypes.braceL) return { offset: start, text: 'return ' }
    const keyword = first.type === tokTypes.name && code.slice(start, first.end) === 'async' ? tokens.getToken() : first
    if (keyword.type !== tokTypes._function || tokens.getToken().type !== tokTypes.parenL) return undefined
    return { offset: start, text: 'export default ' }
  } catch {
    return undefined
  }
}

function parseProgram(code: string): Understood {
  const parsed = parse(code)
  return { ...parsed, analysis: analyse(parsed.program, parsed.code), prefix: undefined }
}

/** Parses code that may be one expression, and returns undefined if it is anything else. */
function parsePrefixed(
  code: string,
  prefix: Insertion,
  toJavaScript: (code: string) => string,
): Understood | undefined {
  const { offset, text } = prefix
  let parsed: Parsed
  try {
    parsed = parse(toJavaScript(code.slice(0, offset) + text + code.slice(offset)))
  } catch (error) {
    throw error instanceof SourceError ? error.at(withoutShifts(error.position, [shiftOf(code, prefix)])) : error
  }
  const [first, second] = parsed.program.body.filter(({ type }) => type !== 'EmptyStatement')
  const isExpression =
    first?.type === 'ExportDefaultDeclaration' ||
    (first?.type === 'ReturnStatement' && first.argument?.type === 'ObjectExpression')
  if (!isExpression || second !== undefined) return undefined
  return { ...parsed, analysis: analyse(parsed.program, parsed.code), prefix }
}

/** Returns what the insertion of a prefix did to the columns of the code. */
export function shiftOf(code: string, { offset, text }: Insertion): Shift {
  return { ...positionOf(code, offset), width: text.length }
}
