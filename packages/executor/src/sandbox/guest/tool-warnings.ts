import type { Primordials } from './primordials.ts'
import { unhandled } from './rejection-warnings.ts'
import { placeOf } from './stack-frames.ts'
import type { GuestWarning, WarningsHost } from './warnings.ts'

/** Tool call whose promise is open or has no handler. */
export interface TrackedCall {
  readonly tool: string
  readonly number: number
  /** Object with the stack of the call. */
  readonly stackHolder: object
  isHandled: boolean
  state: 'open' | 'fulfilled' | 'rejected'
  /** Whether the call was sent to the host. */
  wasSent: boolean
  reason: unknown
}

/**
 * Returns the warnings about the calls at the end of an execution: those that nothing awaited, and, if
 * `namesOpenCalls` is set, the others that its end cancels.
 */
export function toolWarnings(
  p: Primordials,
  { calls, namesOpenCalls }: { readonly calls: readonly TrackedCall[]; readonly namesOpenCalls: boolean },
  { stackTraces, callOf }: WarningsHost,
): GuestWarning[] {
  const warnings: GuestWarning[] = []
  for (let i = 0; i < calls.length; i++) {
    const { tool, number, stackHolder, isHandled, state, wasSent, reason } = calls[i]!
    if (isHandled && !(namesOpenCalls && state === 'open')) continue
    const { line, column } = placeOf(p, stackHolder, { stackTraces, isComplete: false })
    const call = wasSent ? number : undefined
    if (state === 'rejected') p.arrayPush(warnings, unhandled(p, { reason, line, column, tool, call }, callOf))
    else {
      const message = messageOf(tool, state === 'open', isHandled)
      p.arrayPush(warnings, { code: 'CALL_NOT_AWAITED', message, line, column, tool, call })
    }
  }
  return warnings
}

function messageOf(tool: string, isOpen: boolean, isHandled: boolean): string {
  const call = `the call of tools.${tool}`
  if (!isOpen) return `Nothing awaited ${call}, so that its output is lost. Write await before it.`
  return isHandled
    ? `The end of the code cancels ${call}, which had no answer yet. Await it before the code ends.`
    : `Nothing awaited ${call}, and the end of the code cancels it. Write await before it.`
}
