import type { PreparedStep, StepSpec } from '../guest-boundary.ts'
import type { CurrentCode } from './current-code.ts'
import { defineGlobal, defineHidden } from './define.ts'
import type { Ending } from './ending.ts'
import { installInputs } from './globals.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import { createSessionVariables } from './session-variables.ts'
import { compileSource, failSyntax, installStackTraces, type PlacedSource } from './source.ts'
import type { RuntimeState } from './state.ts'
import { createStepCode } from './step-code.ts'
import type { Reject, Timers } from './timers.ts'
import { createToolNames } from './tool-names.ts'
import type { ToolCalls } from './tools.ts'
import { createToolsObject, defineTools } from './tools-object.ts'

/** Parts of the runtime that a session begins anew for each step. */
interface SessionHost {
  readonly code: CurrentCode
  readonly ending: Ending
  readonly watch: PromiseWatch
  readonly timers: Timers
  readonly createCalls: () => ToolCalls
  /** Seeds the randomness of a step. */
  readonly seed: (seedHex: string) => void
}

/** Session of a guest: steps that run one after the other and share their variables. */
export interface Session {
  /** Runs the code of a step. What the step before has dropped is rejected first. */
  startStep(spec: StepSpec, input: string): void
  /** Ends the current step, if it has not ended by itself, and drops its calls and timers. */
  endStep(): void
}

export function createSession(p: Primordials, state: RuntimeState, host: SessionHost): Session {
  const { code, ending, watch, timers } = host
  const variables = createSessionVariables(p)
  const { mainOfStep, run } = createStepCode(p, state, { ending, watch, variables })
  const sources = new p.Map<string, PlacedSource>()
  let dropped: Reject[] = []
  let number = 0
  /** Number of the step that has made the global object unusable for further steps. */
  let frozenBy: number | undefined

  state.isStep = true
  installStackTraces(p, state, (name) => p.mapGet(sources, name))

  function begin({ limits, seed, tools }: StepSpec): void {
    if (number === 0) state.startedAt = state.at
    state.ended = false
    state.limits = limits
    ending.begin()
    host.seed(seed)
    for (let i = 0; i < state.atStepStart.length; i++) state.atStepStart[i]!()
    code.tools = tools
    code.source = undefined
    code.mistakes = []
    code.calls = host.createCalls()
  }

  /** Rejects what the step before has dropped. Nothing has to handle these rejections. */
  function rejectDropped(endedStep: number): void {
    const rejecters = dropped
    dropped = []
    for (let i = 0; i < rejecters.length; i++) rejecters[i]!(stepEnded(p, endedStep))
  }

  function installTools(): void {
    const { calls, tools } = code
    let names: ReturnType<typeof createToolNames> | undefined
    const namesOf = () => (names ??= createToolNames(p, tools))
    // Functions of earlier steps may have kept this step's functions of tools.
    const call = (tool: string, args: readonly unknown[]): Promise<unknown> =>
      calls === code.calls || p.arrayIncludes(code.tools, tool)
        ? code.calls!.call(tool, args)
        : p.promiseReject(new p.TypeError(`tools.${tool} is not one of the tools of this step`))
    defineTools(p, () => createToolsObject(p, namesOf(), call))
  }

  function compile(source: PreparedStep) {
    const compiled = compileSource(p, state, source, (_, step) => mainOfStep(step, state.stackTraces.sourceName))
    code.source = compiled.source
    if (!compiled.source.ok) return undefined
    const { shifts, mayLogIteratorInUse, mistakes } = compiled.source
    p.mapSet(sources, state.stackTraces.sourceName, { shifts, linesBefore: 4 })
    if (mayLogIteratorInUse === true) state.mayReadAhead = false
    if (mistakes !== undefined) code.mistakes = mistakes
    return { source: compiled.source, main: compiled.main! }
  }

  function failFrozen(message: string): void {
    ending.fail('SESSION_FROZEN', 'TypeError', message, { details: undefined, stack: undefined, hint: undefined })
  }

  return {
    startStep(spec, input) {
      // The fields that they lack must not be found in `Object.prototype`, to which earlier steps may have added them.
      p.ReflectSetPrototypeOf(spec, null)
      p.ReflectSetPrototypeOf(spec.source, null)
      begin(spec)
      state.stackTraces.sourceName = `step-${spec.number}`
      rejectDropped(number)
      number = spec.number
      if (spec.session !== undefined) installInputs(p, spec.session, input)
      if (frozenBy !== undefined) {
        failFrozen(
          `Step ${frozenBy} has frozen the global object, so that no further step can run. ` +
            `Reset the session, or fork it from the step before step ${frozenBy}.`,
        )
        return
      }
      defineGlobal(p, 'input', p.JSONParse(input))
      installTools()
      const compiled = compile(spec.source)
      if (compiled === undefined) {
        failSyntax(ending, code.source as Extract<PreparedStep, { ok: false }>, state.stackTraces.sourceName)
        return
      }
      const refused = variables.declare(compiled.source)
      if (refused !== undefined) {
        failFrozen(
          `${refused} can't be declared: an earlier step has defined it as a property of the global object that can't be ` +
            'changed. Use another name.',
        )
        return
      }
      run(compiled)
    },
    endStep() {
      if (!state.ended) {
        const warnings = state.rare('endWarnings')(
          p,
          {
            hasEnded: true,
            namesOpenCalls: true,
            hasReturnedError: false,
            noValue: undefined,
            mistakes: [],
            rejections: watch.rejections(),
            calls: code.calls!.callsAtEnd(),
            timers: timers.waiting(),
          },
          { stackTraces: state.stackTraces, callOf: () => undefined },
        )
        state.emit('warnings', warnings === undefined ? '[]' : p.JSONStringify(warnings)!)
        state.ended = true
      }
      drop(code.calls!.drop())
      drop(timers.drop())
      watch.forget()
      state.emit('absent', variables.finish())
      if (frozenBy === undefined && isFrozen(p)) frozenBy = number
    },
  }

  function drop(rejecters: readonly Reject[]): void {
    for (let i = 0; i < rejecters.length; i++) p.arrayPush(dropped, rejecters[i]!)
  }
}

function stepEnded(p: Primordials, step: number): Error {
  const error = new p.Error(`Step ${step} ended before this was done. Await it in the step that begins it.`)
  defineHidden(p, error, 'code', 'STEP_ENDED')
  return error
}

/** Returns whether the global object can no longer take the variables of a step, or its input and tools. */
function isFrozen(p: Primordials): boolean {
  if (!p.ReflectIsExtensible(p.globalThis)) return true
  const names = ['input', 'tools']
  for (let i = 0; i < names.length; i++) {
    if (p.ReflectGetOwnPropertyDescriptor(p.globalThis, names[i]!)?.configurable === false) return true
  }
  return false
}
