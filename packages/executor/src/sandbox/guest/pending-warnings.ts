import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import { rejectionWarnings } from './rejection-warnings.ts'
import type { RuntimeState } from './state.ts'
import { maxWarnings, warningsField, type GuestWarning } from './warnings.ts'

/** Parts of the runtime that know rejections. */
interface Parts {
  readonly watch: PromiseWatch
  readonly ofCalls: () => readonly GuestWarning[]
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

function report(p: Primordials, state: RuntimeState, { watch, ofCalls }: Parts): void {
  const rejections = watch.rejections()
  const calls = ofCalls()
  if (rejections.length + calls.length > maxWarnings) return
  const warnings = rejectionWarnings(p, rejections, false)
  for (let i = 0; i < calls.length; i++) p.arrayPush(warnings, calls[i]!)
  const field = warningsField(p, warnings)
  state.emit('warnings', field === undefined ? '[]' : p.JSONStringify(field)!)
}
