import type { PreparedSource } from '../../guest-boundary.ts'
import { analyse } from './analysis.ts'
import { removeCodeFence } from './code-fence.ts'
import { type Parsed, parse, positionOf } from './parse.ts'
import { noModulesMessage, SourceError } from './source-error.ts'
import { stripTypes } from './strip-types.ts'
import { objectLiteral, type Value, valueOf } from './value.ts'

export { isParserBroken, ParserBrokenError, loadParser } from './strip-types.ts'

const returnStart = 'return ('

/**
 * Turns JavaScript or TypeScript, with or without a Markdown fence, into the body of an async function that returns the
 * code's value. Text is inserted into the code, but the code is never put into a template, and it is accepted only if
 * it parses as a body by itself.
 */
export function prepareSource(code: string): PreparedSource {
  try {
    return prepare(removeCodeFence(code))
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, message: 'the code is nested too deeply' }
    if (!(error instanceof SourceError)) throw error
    const { message, line, column } = error
    return { ok: false, message, ...(line !== undefined && { line }), ...(column !== undefined && { column }) }
  }
}

function prepare(code: string): PreparedSource {
  const literal = objectLiteral(code)
  if (literal) return withValue(code, literal)
  const { program, body } = parseAnyDialect(code)
  const analysis = analyse(program)
  refuseModules(body, analysis.moduleSyntax)
  return withValue(body, valueOf(body, program, analysis))
}

/**
 * Parses code as JavaScript, or else as TypeScript. If both fail, it throws the error of the parser that got further.
 */
function parseAnyDialect(code: string): Parsed {
  try {
    return parse(code)
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    let stripped: string
    try {
      stripped = stripTypes(code)
    } catch (typeError) {
      if (!(typeError instanceof SourceError)) throw typeError
      throw error.isBetterThan(typeError) ? error : typeError
    }
    return parse(stripped)
  }
}

function refuseModules(code: string, node: { readonly start: number } | undefined): void {
  if (node) throw new SourceError(noModulesMessage, positionOf(code, node.start))
}

function withValue(code: string, value: Value): PreparedSource {
  if (value.kind === 'none') return { ok: true, body: code, shift: null }
  if (value.kind === 'result') {
    // The addition is on lines of its own because the last line may end in a comment. `var` is hoisted to before the
    // first assignment.
    return { ok: true, body: `${code}\n;${value.isDeclared ? '' : 'var result;'}return result`, shift: null }
  }
  const { start, end, isCalled } = value
  const body = `${code.slice(0, start)}${returnStart}${code.slice(start, end)}${isCalled ? ')()' : ')'}${code.slice(end)}`
  return { ok: true, body, shift: { ...positionOf(code, start), width: returnStart.length } }
}
