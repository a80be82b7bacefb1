import type { Primordials } from './primordials.ts'
import { nowhere, ownValue, placeOf, type Place } from './stack-frames.ts'
import { messageOf } from './thrown.ts'
import { toolCallOf } from './tool-error.ts'
import { truncate } from './truncate.ts'
import type { GuestWarning } from './warnings.ts'

const maxReasonLength = 600

/**
 * Returns a warning for each reason of a rejection that has no handler, at the line of its error. Unless the code has
 * ended, it may still read the stacks of these errors.
 */
export function rejectionWarnings(p: Primordials, rejections: readonly unknown[], hasEnded: boolean): GuestWarning[] {
  const warnings: GuestWarning[] = []
  for (let i = 0; i < rejections.length; i++) {
    const reason = rejections[i]
    const call = typeof reason === 'object' && reason !== null ? toolCallOf(p, reason) : undefined
    const place = p.ErrorIsError(reason) ? placeOf(p, reason, !hasEnded) : nowhere
    p.arrayPush(warnings, unhandled(p, reason, place, { tool: call?.tool, call: call?.call }))
  }
  return warnings
}

/** Returns the warning for a rejection that has no handler. */
export function unhandled(
  p: Primordials,
  reason: unknown,
  { line, column }: Place,
  { tool, call }: Pick<GuestWarning, 'tool' | 'call'>,
): GuestWarning {
  const shown = truncate(p, textOf(p, reason), maxReasonLength)
  const message = `A promise was rejected and nothing handles it: ${shown}${p.stringEndsWith(shown, '.') ? '' : '.'} Await the promise, or add a catch.`
  return { code: 'UNHANDLED_REJECTION', message, line, column, tool, call }
}

/**
 * Returns name and message of a reason without running user code, because the code has ended. Only an error is surely no
 * proxy.
 */
function textOf(p: Primordials, reason: unknown): string {
  if (typeof reason === 'function') return 'a function'
  if (typeof reason !== 'object' || reason === null) return messageOf(p, reason)
  if (!p.ErrorIsError(reason)) return 'an object'
  const own = ownValue(p, reason, 'name')
  const message = ownValue(p, reason, 'message')
  const name = typeof own === 'string' ? own : nameOfClass(p, reason)
  return typeof message === 'string' && message !== '' ? `${name}: ${message}` : name
}

function nameOfClass(p: Primordials, error: object): string {
  if (toolCallOf(p, error) !== undefined) return 'ToolError'
  switch (p.ReflectGetPrototypeOf(error)) {
    case p.TypeError.prototype:
      return 'TypeError'
    case p.RangeError.prototype:
      return 'RangeError'
    case p.ReferenceError.prototype:
      return 'ReferenceError'
    case p.SyntaxError.prototype:
      return 'SyntaxError'
    default:
      return 'Error'
  }
}
