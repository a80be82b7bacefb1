/**
 * Script that runs in every isolate before the guest's code. It is the guest's side of the boundary: the host calls
 * `deliver` once in each turn, and the runtime reports through `emit`. Only strings, numbers and booleans cross. The
 * runtime uses only builtins that it captured before user code could change them.
 */
import type { Deliver, Emit, SourceOfPart, StartSpec, StepSpec, UrlHost } from '../guest-boundary.ts'
import { replaceBuffers } from './buffers.ts'
import { installClock } from './clock.ts'
import { installConsole } from './console.ts'
import type { CurrentCode } from './current-code.ts'
import { createEnding, type Ending } from './ending.ts'
import { describeFailure } from './failure.ts'
import { installInputs, installLazyGlobals } from './globals.ts'
import { reportRejections } from './pending-warnings.ts'
import { capturePrimordials } from './primordials.ts'
import { createPromiseWatch } from './promise-watch.ts'
import { createRareParts } from './rare-parts.ts'
import { type Randomness, seedRandomness } from './random.ts'
import { restrictGlobals } from './restrict.ts'
import type { Session } from './session.ts'
import { compileSource, installStackTraces, mainOfCode, placedCode, runSource } from './source.ts'
import type { RuntimeState } from './state.ts'
import { installTimers } from './timers.ts'
import { installToolError } from './tool-error.ts'
import { createToolNames } from './tool-names.ts'
import { createToolCalls, installTools } from './tools.ts'

/** Maximum length of a request to the host's URL parser, in UTF-16 units. */
const maxUrlRequestLength = 4 * 1024 * 1024

/**
 * Returns the function that runs one turn.
 *
 * isolated-vm looks at the rejected promises without a handler after each entry, outside of the entry's timeout: it
 * copies the reason of the first one out, which calls the reason's getters, and forgets the others. Each turn therefore
 * rejects a promise with the number `turnEnded` before any user code runs. This promise is the first one, user code
 * can't reach it to handle it, and copying a number runs no code. The host takes that number as the sign that the turn
 * has ended.
 */
export function createRuntime(turnEnded: number, emit: Emit, sourceOfPart: SourceOfPart, urlHost: UrlHost): Deliver {
  const p = capturePrimordials()
  const state: RuntimeState = {
    at: 0,
    clockReads: 0,
    startedAt: 0,
    ended: false,
    isStep: false,
    limits: undefined as never,
    emit,
    mayReadAhead: true,
    rare: createRareParts(p, sourceOfPart),
    inspectors: [],
    stackTraces: { get: undefined, isReplaced: false, onlyFrames: false, sourceName: 'code' },
    atStepStart: [],
    endOfTurn: undefined,
  }
  const code: CurrentCode = { source: undefined, tools: [], mistakes: [], calls: undefined }
  restrictGlobals(p)
  replaceBuffers(p, () => ending.exhaustedMemory())
  installClock(p, state)

  installConsole(p, state)
  const callsAtEnd = () => code.calls?.callsAtEnd() ?? []
  const onChange = (): void => reportRejections(p, state, { watch, callsAtEnd })
  const watch = createPromiseWatch(p, onChange)
  const ending: Ending = createEnding(p, state, {
    watch,
    hintOf: (error) => {
      const mayHaveHint = error.name === 'ReferenceError' || error.name === 'TypeError' || error.name === 'SyntaxError'
      if (code.source === undefined || !mayHaveHint) return undefined
      const { source, tools } = code
      const { sourceName } = state.stackTraces
      return state.rare('createHints')(p, createToolNames(p, tools), { source, sourceName })(error)
    },
    mistakes: () => code.mistakes,
    callsAtEnd,
    waitingTimers: () => timers.waiting(),
  })
  const timers = installTimers(p, state, { ending, watch })
  let randomness: Randomness | undefined
  installLazyGlobals(p, state.rare, {
    now: () => state.at - state.startedAt,
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clear,
    randomBytes: (count) => randomness!.bytes(count),
    inspectWith: (contentsOf) => p.arrayPush(state.inspectors, contentsOf),
    watch: (value) => watch.watch(value),
    parseUrl: (op, json) => {
      if (json.length > maxUrlRequestLength) {
        throw new p.RangeError(
          `A URL operation on ${json.length} characters exceeds the limit of ${maxUrlRequestLength} characters`,
        )
      }
      return urlHost(op, json)
    },
  })
  let session: Session | undefined

  /**
   * Prepares what depends on the execution, and runs its code. The rest of the runtime is made before the execution is
   * known.
   */
  function start(spec: StartSpec, input: string): void {
    state.limits = spec.limits
    randomness = seedRandomness(p, spec.seed)
    code.tools = spec.tools
    const compiled = compileSource(p, state, spec.source, mainOfCode)
    const { source } = compiled
    code.source = source
    state.mayReadAhead = !(source.ok && source.mayLogIteratorInUse === true)
    // Read before the code runs, which may add the field to `Object.prototype`.
    if (source.ok && source.mistakes !== undefined) code.mistakes = source.mistakes
    const namesOf = memoized(() => createToolNames(p, spec.tools))
    code.calls = installTools(p, state, namesOf, { ending, watch, onChange })
    installStackTraces(p, state, placedCode(source))
    installInputs(p, spec, input)
    runSource(p, compiled, { ending, watch, rare: state.rare })
  }

  /** Returns the session of the guest. It is made in its first step, so that other guests do not load it. */
  function sessionOf(): Session {
    if (session !== undefined) return session
    const makeToolError = installToolError(p)
    session = state.rare('createSession')(p, state, {
      code,
      ending,
      watch,
      timers,
      createCalls: () => createToolCalls(p, state, { ending, watch, onChange, makeToolError }),
      seed(seed) {
        if (randomness === undefined) randomness = seedRandomness(p, seed)
        else randomness.reseed(seed)
      },
    })
    return session
  }

  return function deliver(kind, at, call, ok, text, input) {
    // isolated-vm holds the promise weakly, so the runtime has to keep it until the turn has ended.
    state.endOfTurn = p.promiseReject(turnEnded)
    state.at = at
    state.clockReads = 0
    try {
      if (kind === 'step') sessionOf().startStep(p.JSONParse(text) as StepSpec, input)
      else if (kind === 'end-step') sessionOf().endStep()
      else if (state.ended) return
      else if (kind === 'start') {
        state.startedAt = at
        start(p.JSONParse(text) as StartSpec, input)
      } else if (kind === 'answer') code.calls!.settle(call, ok, text)
      else timers.fireNext()
    } catch (thrown) {
      // This is a bug of the runtime: exceptions of user code are caught where it is called. The host would copy the
      // properties of an object outside of the timeout, so it gets a string.
      const { name, message, stack } = describeFailure(p, thrown, { rare: state.rare })
      throw stack ?? `${name}: ${message}`
    }
  }
}

function memoized<Value>(make: () => Value): () => Value {
  let value: Value | undefined
  return () => (value ??= make())
}
