import type { PlacedMessage } from '../guest-boundary.ts'
import { maxWarnings } from './max-warnings.ts'
import type { Primordials } from './primordials.ts'
import { rejectionWarnings } from './rejection-warnings.ts'
import { nowhere, type Place, type StackTraces } from './stack-frames.ts'
import type { toolCallOf } from './tool-error.ts'
import { toolWarnings, type TrackedCall } from './tool-warnings.ts'
import { truncate } from './truncate.ts'

/** Maximum length of a message, in UTF-16 units. */
const maxMessageLength = 900

/** Warning of the wire protocol, with the number of the call in place of its id. Unset fields are undefined. */
export interface GuestWarning extends Place {
  readonly code:
    | 'ERROR_RETURNED'
    | 'NO_VALUE'
    | 'LIKELY_MISTAKE'
    | 'UNHANDLED_REJECTION'
    | 'CALL_NOT_AWAITED'
    | 'TIMER_DROPPED'
  readonly message: string
  readonly tool: string | undefined
  readonly call: number | undefined
}

/** Facts about an execution that warnings tell. */
interface WarningFacts {
  /** Whether the code has ended. If not, it may still read the stacks of its errors. */
  readonly hasEnded: boolean
  /** Whether the calls that the end cancels are named although the code awaits them. */
  readonly namesOpenCalls: boolean
  readonly hasReturnedError: boolean
  readonly noValue: PlacedMessage | undefined
  /** Mistakes that were found in the code before it ran. */
  readonly mistakes: readonly PlacedMessage[]
  /** Reasons of the rejections that have no handler. */
  readonly rejections: readonly unknown[]
  readonly calls: readonly TrackedCall[]
  /** Number of timers that the end of a step drops. */
  readonly timers: number
}

/** Parts of the runtime's state that warnings are made from. */
export interface WarningsHost {
  readonly stackTraces: StackTraces
  readonly callOf: typeof toolCallOf
}

/** Returns the warnings of an execution, as they are now, as the field of its end; undefined if there are none. */
export function endWarnings(p: Primordials, facts: WarningFacts, host: WarningsHost): object | undefined {
  const { namesOpenCalls, hasReturnedError, noValue, mistakes, calls, timers } = facts
  const warnings: GuestWarning[] = []
  if (hasReturnedError) p.arrayPush(warnings, errorReturned)
  if (noValue !== undefined) p.arrayPush(warnings, warningAt('NO_VALUE', noValue))
  for (let i = 0; i < mistakes.length; i++) p.arrayPush(warnings, warningAt('LIKELY_MISTAKE', mistakes[i]!))
  addAll(p, warnings, rejectionWarnings(p, facts, host))
  addAll(p, warnings, toolWarnings(p, { calls, namesOpenCalls }, host))
  if (timers > 0) p.arrayPush(warnings, timersDropped(timers))
  return warningsField(p, warnings)
}

function addAll(p: Primordials, warnings: GuestWarning[], more: readonly GuestWarning[]): void {
  for (let i = 0; i < more.length; i++) p.arrayPush(warnings, more[i]!)
}

function warningAt(code: 'NO_VALUE' | 'LIKELY_MISTAKE', { message, line, column }: PlacedMessage): GuestWarning {
  return { code, message, line, column, tool: undefined, call: undefined }
}

function timersDropped(count: number): GuestWarning {
  const message =
    `The end of the step drops ${count === 1 ? 'a timer that has' : `${count} timers that have`} not fired. ` +
    'Await what a timer does before the step ends.'
  return { code: 'TIMER_DROPPED', message, ...nowhere, tool: undefined, call: undefined }
}

const errorReturned: GuestWarning = {
  code: 'ERROR_RETURNED',
  message:
    'The value of the code is an Error. It is delivered as data: its name, message and fields, without its stack. ' +
    'To fail the execution, throw it.',
  ...nowhere,
  tool: undefined,
  call: undefined,
}

/**
 * Returns the warnings as the field of an end; undefined if there are none. The last one tells how many are left out.
 * Nothing in it has a prototype: `JSON.stringify` looks up `toJSON` in every object.
 */
function warningsField(p: Primordials, warnings: readonly GuestWarning[]): object | undefined {
  if (warnings.length === 0) return undefined
  const shown = p.arraySlice(warnings, 0, maxWarnings)
  const omitted = warnings.length - shown.length
  for (let i = 0; i < shown.length; i++) {
    const { code, message, line, column, tool, call } = shown[i]!
    const isLast = omitted > 0 && i === shown.length - 1
    const text = truncate(p, message, maxMessageLength) + (isLast ? ` (${omitted} more warnings are left out)` : '')
    const name = tool === undefined ? undefined : truncate(p, tool, 96)
    shown[i] = { __proto__: null, code, message: text, line, column, tool: name, call } as unknown as GuestWarning
  }
  p.ReflectSetPrototypeOf(shown, null)
  return shown
}
