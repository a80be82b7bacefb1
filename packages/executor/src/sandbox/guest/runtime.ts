/**
 * What runs in every isolate before the guest's code. It holds the guest's side of the bridge: the host enters through
 * `deliver`, once a turn, and hears of what happened through `emit`. Only strings, numbers and booleans cross. All that is
 * used of the builtins was captured before user code could change them.
 */
import { replaceBuffers } from './buffers.ts'
import { installClock } from './clock.ts'
import { installConsole } from './console.ts'
import { createEnding, type Ending } from './ending.ts'
import { installInputs, installLazyGlobals, type UrlHost } from './globals.ts'
import { capturePrimordials } from './primordials.ts'
import { seedRandomness } from './random.ts'
import { restrictGlobals } from './restrict.ts'
import { installStackTraces, runSource } from './source.ts'
import type { Emit, RuntimeState, StartSpec } from './state.ts'
import { installTimers } from './timers.ts'
import { installTools } from './tools.ts'

/** `text` is the spec, or an answer; `input` is JSON text, which only the start has. */
type Deliver = (
  kind: 'start' | 'answer' | 'tick',
  at: number,
  call: number,
  ok: boolean,
  text: string,
  input: string,
) => void

/** What is asked of the host's URL parser is no longer than this, in UTF-16 units. */
const maxCrossingLength = 4 * 1024 * 1024

export function createRuntime(emit: Emit, loadWeb: () => string, urlHost: UrlHost): Deliver {
  const p = capturePrimordials()
  const state: RuntimeState = { at: 0, startedAt: 0, ended: false, limits: undefined as never, emit }
  restrictGlobals(p)
  replaceBuffers(p, () => ending.exhaustedMemory())
  installClock(p, state)

  const log = installConsole(p, state)
  let tools: ReturnType<typeof installTools> | undefined
  const ending: Ending = createEnding(
    p,
    state,
    (text) => log('warn', text),
    () => (tools === undefined ? [] : tools.openCalls()),
  )
  const timers = installTimers(p, state, ending)
  let randomBytes: ReturnType<typeof seedRandomness>
  installLazyGlobals(p, loadWeb, {
    now: () => state.at - state.startedAt,
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clear,
    randomBytes: (count) => randomBytes(count),
    parseUrl: (op, json) => {
      if (json.length > maxCrossingLength) throw new p.RangeError('There is too much in this URL')
      return urlHost(op, json)
    },
  })

  /** What depends on the execution. All before it is done when the isolate is made, which may be before the execution is there. */
  function start(spec: StartSpec, input: string): void {
    state.limits = spec.limits
    randomBytes = seedRandomness(p, spec.seed)
    tools = installTools(p, state, spec.tools, ending)
    installStackTraces(p, spec.source)
    installInputs(p, spec, input)
    runSource(p, spec.source, ending)
  }

  return function deliver(kind, at, call, ok, text, input) {
    state.at = at
    if (!state.ended) {
      if (kind === 'start') {
        state.startedAt = at
        start(p.JSONParse(text) as StartSpec, input)
      } else if (kind === 'answer') tools!.settle(call, ok, text)
      else timers.fireNext()
    }
    // Only microtasks follow. What they throw is the guest's; what has thrown before this is a bug of the runtime.
    emit('entered')
  }
}
