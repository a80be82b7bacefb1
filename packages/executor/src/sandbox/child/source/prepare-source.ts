import type { PreparedSource, PlacedMessage } from '../../guest-boundary.ts'
import { deepestBracket } from './brackets.ts'
import { contentOfFence, removeCodeFence } from './code-fence.ts'
import { checkCompilation } from './compile-check.ts'
import { parseAnyDialect, shiftOf, type Understood } from './dialects.ts'
import { watchDiscarded } from './discarded-promises.ts'
import { withHint } from './hints.ts'
import { insert, withoutShifts } from './insertions.ts'
import type { Mistake } from './mistakes.ts'
import { positionOf } from './position.ts'
import { modulesError, SourceError } from './source-error.ts'
import { withValue } from './value.ts'

export { isParserBroken, ParserBrokenError, loadParser } from './strip-types.ts'

/**
 * Turns JavaScript or TypeScript, with or without a Markdown fence, into the body of an async function that returns the
 * code's value. Text is inserted into the code, but the code is never put into a template, and it is accepted only if
 * it parses as a body by itself.
 */
export function prepareSource(code: string): PreparedSource {
  return prepareWith(checkCompilation, code)
}

/**
 * Does the same, but leaves out the compilation by V8, which the guest repeats. If the guest can't compile the body,
 * `prepareSource` knows the reason.
 */
export function prepareUncompiledSource(code: string): PreparedSource {
  return prepareWith(() => undefined, code)
}

type CheckBody = (body: string) => void

function prepareWith(check: CheckBody, code: string): PreparedSource {
  try {
    return prepare(check, code)
  } catch (error) {
    if (error instanceof RangeError) {
      return failure(new SourceError('the code is nested too deeply', positionOf(code, deepestBracket(code).offset)))
    }
    if (error instanceof SourceError) return failure(error)
    throw error
  }
}

function failure({ message, position, hint }: SourceError): PreparedSource {
  return { ok: false, message, ...position, ...(hint !== undefined && { hint }) }
}

/** Prepares the code, or what is in its only fence if the whole is no program. */
function prepare(check: CheckBody, code: string): PreparedSource {
  const whole = withoutHashbang(removeCodeFence(code))
  let content: string | undefined
  try {
    const understood = parseAnyDialect(whole)
    if (understood.analysis.hasFence) content = contentOfFence(code)
    if (content === undefined) return compile(check, whole, understood)
  } catch (error) {
    content = error instanceof SourceError || error instanceof RangeError ? contentOfFence(code) : undefined
    if (content === undefined) throw error instanceof SourceError ? withHint(error, whole) : error
  }
  const text = withoutHashbang(content)
  try {
    return compile(check, text, parseAnyDialect(text))
  } catch (error) {
    throw error instanceof SourceError ? withHint(error, text) : error
  }
}

/** Turns a hashbang, which is no comment within a function, into a comment. */
function withoutHashbang(code: string): string {
  const start = /^\s*(?=#!)/.exec(code)?.[0].length
  return start === undefined ? code : `${code.slice(0, start)}//${code.slice(start + 2)}`
}

function compile(check: CheckBody, original: string, { program, code, analysis, prefix }: Understood): PreparedSource {
  const prefixShift = prefix === undefined ? [] : [shiftOf(original, prefix)]
  const { moduleSyntax } = analysis
  if (moduleSyntax) {
    const position = withoutShifts(positionOf(code, moduleSyntax.start), prefixShift)
    throw modulesError(position, code, moduleSyntax.start)
  }
  const valued = withValue(code, program, analysis)
  const watched = watchDiscarded(valued.code, program, valued.insertions[0]?.offset)
  // At the same offset, what a statement gets comes before what the program gets at its end.
  const insertions = [...watched.insertions, ...valued.insertions].sort((a, b) => a.offset - b.offset)
  const { body, shifts } = insert(valued.code, insertions)
  // Undone in this order: the insertions are in the code with its prefix.
  const all = [...shifts, ...prefixShift]
  try {
    check(body)
  } catch (error) {
    throw error instanceof SourceError ? error.at(withoutShifts(error.position, all)) : error
  }
  const placed = ({ message, offset }: Mistake): PlacedMessage => {
    return { message, ...withoutShifts(positionOf(code, offset), prefixShift) }
  }
  const warning = valued.noValue && placed(valued.noValue)
  const mistakes = analysis.mistakes.map(placed)
  const { name: watch, watchesForEach } = watched
  return {
    ok: true,
    body,
    shifts: all,
    ...(watch !== undefined && { watch }),
    ...(watchesForEach && { watchesForEach }),
    ...(analysis.usesLoopedVariable && { mayLogIteratorInUse: true }),
    ...(warning && { warning }),
    ...(mistakes.length > 0 && { mistakes }),
  }
}
