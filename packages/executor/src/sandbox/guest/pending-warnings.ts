import { maxWarnings } from './max-warnings.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import type { RuntimeState } from './state.ts'
import { toolCallOf } from './tool-error.ts'
import type { TrackedCall } from './tool-warnings.ts'

/** Parts of the runtime that know rejections. */
interface Parts {
  readonly watch: PromiseWatch
  readonly callsAtEnd: () => readonly TrackedCall[]
}

/**
 * Reports the rejections that have no handler now: the host may end the execution without asking the guest for its
 * warnings. It is called at each change; with more rejections than there are warnings, the last report stays.
 */
export function reportRejections(p: Primordials, state: RuntimeState, parts: Parts): void {
  if (state.ended) return
  try {
    report(p, state, parts)
  } catch {
    // The code has used up its stack, or a prototype is a proxy that throws. The report before stays.
  }
}

function report(p: Primordials, state: RuntimeState, { watch, callsAtEnd }: Parts): void {
  const rejections = watch.rejections()
  const calls = rejected(p, callsAtEnd())
  const count = rejections.length + calls.length
  if (count > maxWarnings) return
  if (count === 0) {
    state.emit('warnings', '[]')
    return
  }
  const field = state.rare('endWarnings')(
    p,
    {
      hasEnded: false,
      namesOpenCalls: false,
      hasReturnedError: false,
      noValue: undefined,
      mistakes: [],
      rejections,
      calls,
      timers: 0,
    },
    { stackTraces: state.stackTraces, callOf: toolCallOf },
  )
  state.emit('warnings', field === undefined ? '[]' : p.JSONStringify(field)!)
}

function rejected(p: Primordials, calls: readonly TrackedCall[]): readonly TrackedCall[] {
  const found: TrackedCall[] = []
  for (let i = 0; i < calls.length; i++) {
    if (calls[i]!.state === 'rejected') p.arrayPush(found, calls[i]!)
  }
  return found
}
