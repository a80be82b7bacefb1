import type { Primordials } from './primordials.ts'
import type { Place } from './stack-frames.ts'
import { truncate } from './truncate.ts'

/** Maximum number of warnings of an execution; the same in the protocol. */
export const maxWarnings = 20
/** Maximum length of a message, in UTF-16 units. */
const maxMessageLength = 900

/** Warning of the wire protocol, with the number of the call in place of its id. Unset fields are undefined. */
export interface GuestWarning extends Place {
  readonly code: 'ERROR_RETURNED' | 'NO_VALUE' | 'LIKELY_MISTAKE' | 'UNHANDLED_REJECTION' | 'CALL_NOT_AWAITED'
  readonly message: string
  readonly tool: string | undefined
  readonly call: number | undefined
}

/**
 * Returns the warnings as the field of an end; undefined if there are none. The last one tells how many are left out.
 * Nothing in it has a prototype: `JSON.stringify` looks up `toJSON` in every object.
 */
export function warningsField(p: Primordials, warnings: readonly GuestWarning[]): object | undefined {
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
