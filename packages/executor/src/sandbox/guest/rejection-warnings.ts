import type { Primordials } from './primordials.ts'
import { nowhere, ownValue, placeOf, type Place } from './stack-frames.ts'
import { messageOf } from './thrown.ts'
import { truncate } from './truncate.ts'
import type { GuestWarning, WarningsHost } from './warnings.ts'

const maxReasonLength = 600

/**
 * Returns a warning for each reason of a rejection that has no handler, at the line of its error. Unless the code has
 * ended, it may still read the stacks of these errors.
 */
export function rejectionWarnings(
  p: Primordials,
  { rejections, hasEnded }: { readonly rejections: readonly unknown[]; readonly hasEnded: boolean },
  { stackTraces, callOf }: WarningsHost,
): GuestWarning[] {
  const warnings: GuestWarning[] = []
  for (let i = 0; i < rejections.length; i++) {
    const reason = rejections[i]
    const call = typeof reason === 'object' && reason !== null ? callOf(p, reason) : undefined
    const mayRead = p.ErrorIsError(reason) && (hasEnded || call !== undefined || hasPlainTexts(p, reason))
    const { line, column } = mayRead ? placeOf(p, reason, { stackTraces, isComplete: !hasEnded }) : nowhere
    p.arrayPush(warnings, unhandled(p, { reason, line, column, tool: call?.tool, call: call?.call }, callOf))
  }
  return warnings
}

/** Rejection that has no handler. */
interface UnhandledRejection extends Place, Pick<GuestWarning, 'tool' | 'call'> {
  readonly reason: unknown
}

/** Returns the warning for a rejection that has no handler. */
export function unhandled(
  p: Primordials,
  { reason, line, column, tool, call }: UnhandledRejection,
  callOf: WarningsHost['callOf'],
): GuestWarning {
  const shown = truncate(p, textOf(p, reason, callOf), maxReasonLength)
  const message = `A promise was rejected and nothing handles it: ${shown}${p.stringEndsWith(shown, '.') ? '' : '.'} Await the promise, or add a catch.`
  return { code: 'UNHANDLED_REJECTION', message, line, column, tool, call }
}

/**
 * Returns name and message of a reason without running user code, because the code has ended. Only an error is surely no
 * proxy.
 */
function textOf(p: Primordials, reason: unknown, callOf: WarningsHost['callOf']): string {
  if (typeof reason === 'function') return 'a function'
  if (typeof reason !== 'object' || reason === null) return messageOf(p, reason)
  if (!p.ErrorIsError(reason)) return 'an object'
  const own = ownValue(p, reason, 'name')
  const message = ownValue(p, reason, 'message')
  const name =
    typeof own === 'string'
      ? own
      : callOf(p, reason)
        ? 'ToolError'
        : (nameOfPrototype(p, p.ReflectGetPrototypeOf(reason)) ?? 'Error')
  return typeof message === 'string' && message !== '' ? `${name}: ${message}` : name
}

/** Returns whether an error has its name and its message as strings, so that reading them runs no code. */
function hasPlainTexts(p: Primordials, error: object): boolean {
  return hasPlainText(p, error, 'name') && hasPlainText(p, error, 'message')
}

function hasPlainText(p: Primordials, error: object, key: string): boolean {
  for (let each: object | null = error; each !== null; each = p.ReflectGetPrototypeOf(each)) {
    // A prototype of the code may be a proxy.
    if (each !== error && each !== p.objectPrototype && nameOfPrototype(p, each) === undefined) return false
    const own = p.ReflectGetOwnPropertyDescriptor(each, key)
    if (own !== undefined) return p.ObjectHasOwn(own, 'value') && typeof own.value === 'string'
  }
  return true
}

function nameOfPrototype(p: Primordials, prototype: object | null): string | undefined {
  switch (prototype) {
    case p.errorPrototype:
      return 'Error'
    case p.TypeError.prototype:
      return 'TypeError'
    case p.RangeError.prototype:
      return 'RangeError'
    case p.ReferenceError.prototype:
      return 'ReferenceError'
    case p.SyntaxError.prototype:
      return 'SyntaxError'
    default:
      return undefined
  }
}
