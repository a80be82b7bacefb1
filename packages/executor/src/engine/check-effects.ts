import type { JsonObject, TurnEffects } from '@codemode/shared'

import type { ExecutionLimits } from './limits.ts'
import { nestingOf } from './nesting.ts'

/** What the guest's side cuts off a log entry is told in the entry itself. */
const logSlackBytes = 1024

/** More than the guest runtime ever says of a failure. */
const maxDetailsLength = 65_536
const maxDetailsNesting = 100

/**
 * Says what is wrong with what a sandbox process reports of a turn, beyond its form: the guest runtime keeps to the limits
 * and numbers its calls upwards, so whatever does not comes from a process that was taken over.
 */
export function violationIn(
  effects: TurnEffects,
  before: { readonly lastCall: number; readonly calls: number; readonly logBytes: number },
  limits: ExecutionLimits,
): string | undefined {
  let { lastCall } = before
  for (const { call } of effects.calls) {
    if (call <= lastCall) return `call ${call} after call ${lastCall}`
    lastCall = call
  }
  if (before.calls + effects.calls.length > limits.maxToolCalls) return 'more tool calls than allowed'
  if (before.logBytes + logBytesOf(effects) > limits.logBytes + logSlackBytes) return 'more console output than allowed'
  if (effects.end?.ok === true) return violationInResult(effects.end.result, limits)
  return violationInDetails(effects.end?.details)
}

/** What an entry counts beyond its text, as in the guest's console: without text it is not free. */
const logEntryBytes = 64

/** How much console output a turn has put out. */
export function logBytesOf({ logs }: Pick<TurnEffects, 'logs'>): number {
  return logs.reduce((sum, { text }) => sum + Buffer.byteLength(text) + logEntryBytes, 0)
}

function violationInDetails(details: JsonObject | undefined): string | undefined {
  if (details === undefined) return undefined
  try {
    const text = JSON.stringify(details)
    if (text.length > maxDetailsLength) return 'larger details than allowed'
    return nestingOf(text) > maxDetailsNesting ? 'deeper details than allowed' : undefined
  } catch {
    return 'deeper details than allowed'
  }
}

function violationInResult(text: string, { resultBytes }: ExecutionLimits): string | undefined {
  if (Buffer.byteLength(text) > resultBytes) return 'a larger result than allowed'
  try {
    JSON.parse(text)
    return undefined
  } catch {
    return 'a result that is not JSON'
  }
}
