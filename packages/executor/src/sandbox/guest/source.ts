import type { PreparedSource, RefusedSource, RunnableSource, Shift } from '../guest-boundary.ts'
import type { CallSite, CallSites, PrepareStackTrace } from './call-sites.ts'
import { defineHidden } from './define.ts'
import type { Ending } from './ending.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import type { LoadRare } from './rare-parts.ts'
import { installPrepareStackTrace } from './stack-frames.ts'
import type { RuntimeState } from './state.ts'

/**
 * Returns the number of lines before the body of the code: the language puts two before the body of a function made by a
 * constructor, and the body may be that of a function in it.
 */
const linesBefore = (source: PreparedSource): number => (source.ok && source.watch !== undefined ? 4 : 2)

/** Returns the code of an execution, under its name in stacks. */
export function placedCode(source: PreparedSource): (name: string) => PlacedSource | undefined {
  const placed = { shifts: source.ok ? source.shifts : [], linesBefore: linesBefore(source) }
  return (name) => (name === 'code' ? placed : undefined)
}

/** Code as it was compiled: where its columns moved, and the number of lines before it. */
export interface PlacedSource {
  readonly shifts: readonly Shift[]
  readonly linesBefore: number
}

/** Parts of the runtime that the code's start uses. */
interface SourceHost {
  readonly ending: Ending
  readonly watch: PromiseWatch
  readonly rare: LoadRare
}

/** Code that is compiled, or the reason why it can't run. */
export interface CompiledSource<Source = PreparedSource> {
  readonly source: Source
  /**
   * Function with the code as its body, or one that returns that function and takes the function that watches; undefined
   * if the code can't run.
   */
  readonly main: Main | undefined
}

type Main = (...helpers: readonly unknown[]) => unknown
type Refused = Extract<PreparedSource, { ok: false }>

/**
 * Compiles the code as the body of an async function, with the language's own constructor. If that fails, the host
 * compiles it too, because the constructor's error has no position.
 */
export function compileSource<Runnable extends RunnableSource>(
  p: Primordials,
  state: RuntimeState,
  source: Runnable | Refused,
  mainOf: (p: Primordials, source: Runnable) => Main,
): CompiledSource<Runnable | Refused> {
  if (!source.ok) return { source, main: undefined }
  const main = tryMain(p, source, mainOf)
  if (main !== undefined) return { source, main }
  const checked = p.JSONParse(state.emit('uncompiled')) as Runnable | Refused
  p.ReflectSetPrototypeOf(checked, null)
  if (!checked.ok) return { source: checked, main }
  // If the host has compiled the same text, only the smaller stack of the isolate is a reason.
  const mainOfChecked = tryMain(p, checked, mainOf)
  const nested = { ok: false, message: 'the code is nested too deeply', line: 1, column: 1 } as const
  return { source: mainOfChecked === undefined ? nested : checked, main: mainOfChecked }
}

function tryMain<Runnable>(
  p: Primordials,
  source: Runnable,
  mainOf: (p: Primordials, source: Runnable) => Main,
): Main | undefined {
  try {
    return mainOf(p, source)
  } catch {
    return undefined
  }
}

/** Compiles the code of an execution. */
export function mainOfCode(p: Primordials, { body, watch }: RunnableSource): Main {
  if (watch === undefined) return p.AsyncFunction(`${body}\n//# sourceURL=code`) as Main
  return mainWithHelpers(p, body, { parameters: watch, name: 'code' })
}

/**
 * Compiles a body to a function that takes helpers of the runtime and returns the function of the body. A parameter of
 * that function itself would be among its `arguments`. The body is known to be one by itself, and the function around it has
 * nothing but the parameters.
 */
export function mainWithHelpers(
  p: Primordials,
  body: string,
  { parameters, name }: { readonly parameters: string; readonly name: string },
): Main {
  return p.Function(parameters, `return (async function (\n) {\n${body}\n})\n//# sourceURL=${name}`) as Main
}

/** Runs the code. */
export function runSource(p: Primordials, { source, main }: CompiledSource, { ending, watch, rare }: SourceHost): void {
  if (!source.ok || main === undefined) {
    if (!source.ok) failSyntax(ending, source, 'code')
    return
  }
  const { warning, watch: name, watchesForEach: forEach = false } = source
  const body = name === undefined ? main : (main(rare('createDiscard')(p, watch, { name, forEach })) as typeof main)
  const promise = p.ReflectApply(body, undefined, []) as Promise<unknown>
  // `then` looks up the promise's constructor, which user code may have replaced.
  defineHidden(p, promise, 'constructor', undefined)
  void p.promiseThen(promise, (value) => ending.returned(value, warning), ending.threw)
}

/** Ends an execution, or a step, whose code can't run. */
export function failSyntax(ending: Ending, { message, hint, line, column }: RefusedSource, sourceName: string): void {
  const stack = `SyntaxError: ${message}\n    at ${sourceName}:${line}:${column}`
  const text = `${message} (line ${line}, column ${column})`
  ending.fail('SYNTAX_ERROR', 'SyntaxError', text, { details: { line, column }, stack, hint })
}

/**
 * Makes stack traces show the lines and columns of the code as it was sent, and no frames of the runtime. `sourceOf`
 * returns the code that has a name in stacks.
 */
export function installStackTraces(
  p: Primordials,
  { stackTraces, rare }: RuntimeState,
  sourceOf: (name: string) => PlacedSource | undefined,
): void {
  let callSites: CallSites | undefined

  const isRuntime = (site: CallSite | undefined): boolean => {
    const script = site?.getScriptNameOrSourceURL()
    return typeof script === 'string' && p.stringStartsWith(script, 'codemode:')
  }

  /**
   * Returns the text of a stack frame; undefined for a frame of the runtime, or of a builtin that the runtime called.
   */
  function describe(site: CallSite, caller: CallSite | undefined): string | undefined {
    const given = callSites?.textOf(site)
    if (given !== undefined) return given
    if (isRuntime(site)) return undefined
    const source = sourceOfSite(site)
    if (source === undefined) {
      return isRuntime(caller) || p.stringIncludes(site.toString(), 'codemode:') ? undefined : site.toString()
    }
    const { line, column } = placeOf(
      source,
      site.getLineNumber() ?? source.linesBefore + 1,
      site.getColumnNumber() ?? 1,
    )
    const position = `${site.getScriptNameOrSourceURL()!}:${line}:${column}`
    const name = site.getFunctionName()
    if (name === null || name === 'anonymous' || name === 'eval') return site.isAsync() ? `async ${position}` : position
    return `${site.isAsync() ? 'async ' : ''}${site.isConstructor() ? 'new ' : ''}${name} (${position})`
  }

  function sourceOfSite(site: CallSite): PlacedSource | undefined {
    const name = site.getScriptNameOrSourceURL()
    return typeof name === 'string' ? sourceOf(name) : undefined
  }

  const prepare = (error: unknown, sites: readonly CallSite[]): string => {
    let text = ''
    try {
      if (!stackTraces.onlyFrames) text = p.errorToString(error)
    } catch {
      text = 'Error'
    }
    for (let i = 0; i < sites.length; i++) {
      // An index behind the end would be looked up in `Array.prototype`.
      const line = describe(sites[i]!, i + 1 < sites.length ? sites[i + 1] : undefined)
      if (line !== undefined) text += `\n    at ${line}`
    }
    return text
  }
  const wrap = (own: PrepareStackTrace): PrepareStackTrace => {
    callSites ??= rare('createCallSites')(p, {
      describe,
      placeOf(site, line, column) {
        const source = sourceOfSite(site)
        return source === undefined ? undefined : placeOf(source, line, column)
      },
    })
    return callSites.wrap(own)
  }
  installPrepareStackTrace(p, stackTraces, { prepare, wrap })
}

/** Returns the place in the code as it was sent of a place in its body. */
function placeOf({ shifts, linesBefore }: PlacedSource, lineInBody: number, columnInBody: number) {
  const line = lineInBody - linesBefore
  let column = columnInBody
  for (let i = 0; i < shifts.length; i++) {
    const shift = shifts[i]!
    if (line !== shift.line || column < shift.column) continue
    // A place in the inserted text is shown as the place of the insertion.
    column = column - shift.width < shift.column ? shift.column : column - shift.width
  }
  return { line, column }
}
