import type { PlacedMessage, PreparedSource, RunnableSource, Shift } from '../../guest-boundary.ts'
import { deepestBracket } from './brackets.ts'
import { contentOfFence, removeCodeFence } from './code-fence.ts'
import { checkCompilation } from './compile-check.ts'
import { parseAnyDialect, shiftOf, type Understood } from './dialects.ts'
import { type WatchedCode, watchDiscarded } from './discarded-promises.ts'
import { withHint } from './hints.ts'
import { insert, withoutShifts } from './insertions.ts'
import type { Mistake } from './mistakes.ts'
import { positionOf } from './position.ts'
import { modulesError, SourceError } from './source-error.ts'
import { type ValuedCode, valueOfProgram, withValue } from './value.ts'

export { isParserBroken, isParserLoaded, loadParser } from './strip-types.ts'

/**
 * Turns JavaScript or TypeScript, with or without a Markdown fence, into the body of an async function that returns the
 * code's value. Text is inserted into the code, but the code is never put into a template, and it is accepted only if
 * it parses as a body by itself.
 */
export function prepareSource(code: string): PreparedSource {
  return prepareWith(compileWith(checkCompilation), code)
}

/**
 * Does the same, but leaves out the compilation by V8, which the guest repeats. If the guest can't compile the body,
 * `prepareSource` knows the reason.
 */
export function prepareUncompiledSource(code: string): PreparedSource {
  return prepareWith(
    compileWith(() => undefined),
    code,
  )
}

/** Function that throws if a body can't be compiled. */
export type CheckBody = (body: string) => void

/** Function that turns code that has been parsed into a body. Throws `SourceError` if it can't run. */
type Compile<Prepared> = (original: string, understood: Understood) => Prepared

/** Returns what `compile` makes of the code, or of what is in its only fence, or the reason why it can't run. */
export function prepareWith<Prepared>(compile: Compile<Prepared>, code: string): Prepared | Refused {
  try {
    return prepare(compile, code)
  } catch (error) {
    if (error instanceof RangeError) {
      return failure(new SourceError('the code is nested too deeply', positionOf(code, deepestBracket(code).offset)))
    }
    if (error instanceof SourceError) return failure(error)
    throw error
  }
}

type Refused = Extract<PreparedSource, { ok: false }>

function failure({ message, position, hint }: SourceError): Refused {
  return { ok: false, message, ...position, ...(hint !== undefined && { hint }) }
}

/** Prepares the code, or what is in its only fence if the whole is no program. */
function prepare<Prepared>(compile: Compile<Prepared>, code: string): Prepared {
  const whole = withoutHashbang(removeCodeFence(code))
  let content: string | undefined
  try {
    const understood = parseAnyDialect(whole)
    if (understood.analysis.hasFence) content = contentOfFence(code)
    if (content === undefined) return compile(whole, understood)
  } catch (error) {
    content = error instanceof SourceError || error instanceof RangeError ? contentOfFence(code) : undefined
    if (content === undefined) throw error instanceof SourceError ? withHint(error, whole) : error
  }
  const text = withoutHashbang(content)
  try {
    return compile(text, parseAnyDialect(text))
  } catch (error) {
    throw error instanceof SourceError ? withHint(error, text) : error
  }
}

/** Turns a hashbang, which is no comment within a function, into a comment. */
function withoutHashbang(code: string): string {
  const start = /^\s*(?=#!)/.exec(code)?.[0].length
  return start === undefined ? code : `${code.slice(0, start)}//${code.slice(start + 2)}`
}

function compileWith(check: CheckBody): Compile<PreparedSource> {
  return (original, understood) => {
    const { program, code, analysis } = understood
    const prefixShift = prefixShiftOf(original, understood)
    refuseModules(understood, prefixShift)
    const valued = withValue(code, program, analysis, valueOfProgram)
    const watched = watchDiscarded(valued.code, program, valued.insertions[0]?.offset)
    // At the same offset, what a statement gets comes before what the program gets at its end.
    const insertions = [...watched.insertions, ...valued.insertions].sort((a, b) => a.offset - b.offset)
    const { body, shifts } = insert(valued.code, insertions)
    // Undone in this order: the insertions are in the code with its prefix.
    const all = [...shifts, ...prefixShift]
    checkBody(check, body, all)
    return prepared({ body, shifts: all, valued, watched }, understood, prefixShift)
  }
}

export function prefixShiftOf(original: string, { prefix }: Understood): readonly Shift[] {
  return prefix === undefined ? [] : [shiftOf(original, prefix)]
}

/** Throws if a program has imports, or exports that can't be left out. */
export function refuseModules({ code, analysis }: Understood, prefixShift: readonly Shift[]): void {
  const { moduleSyntax } = analysis
  if (moduleSyntax === undefined) return
  const position = withoutShifts(positionOf(code, moduleSyntax.start), prefixShift)
  throw modulesError(position, code, moduleSyntax.start)
}

/** Checks a body, and throws its error at the place in the code as it was sent. */
export function checkBody(check: CheckBody, body: string, shifts: readonly Shift[]): void {
  try {
    check(body)
  } catch (error) {
    throw error instanceof SourceError ? error.at(withoutShifts(error.position, shifts)) : error
  }
}

/** Parts of a body that was made from a program. */
interface MadeBody {
  readonly body: string
  readonly shifts: readonly Shift[]
  readonly valued: ValuedCode
  readonly watched: WatchedCode
}

/** Returns a body with what the runtime has to know about it. */
export function prepared(
  { body, shifts, valued, watched }: MadeBody,
  { code, analysis }: Understood,
  prefixShift: readonly Shift[],
): RunnableSource {
  const placed = ({ message, offset }: Mistake): PlacedMessage => {
    return { message, ...withoutShifts(positionOf(code, offset), prefixShift) }
  }
  const warning = valued.noValue && placed(valued.noValue)
  const mistakes = analysis.mistakes.map(placed)
  const { name: watch, watchesForEach } = watched
  return {
    ok: true,
    body,
    shifts,
    ...(watch !== undefined && { watch }),
    ...(watchesForEach && { watchesForEach }),
    ...(analysis.usesLoopedVariable && { mayLogIteratorInUse: true }),
    ...(warning && { warning }),
    ...(mistakes.length > 0 && { mistakes }),
  }
}
