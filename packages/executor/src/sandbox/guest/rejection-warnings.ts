import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import { messageOf, readText } from './thrown.ts'
import { toolCallOf } from './tool-error.ts'
import { truncate } from './truncate.ts'
import { placeOf, type GuestWarning, type Place } from './warnings.ts'

const maxReasonLength = 600

/** Returns a warning for each rejection that has no handler, at the line of its error. */
export function rejectionWarnings(p: Primordials, watch: PromiseWatch): GuestWarning[] {
  const warnings: GuestWarning[] = []
  const rejections = watch.rejections()
  for (let i = 0; i < rejections.length; i++) {
    const reason = rejections[i]
    const isObject = typeof reason === 'object' && reason !== null
    const place = placeOf(p, isObject ? readText(p, reason, 'stack') : undefined)
    const call = isObject ? toolCallOf(p, reason) : undefined
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
  const isObject = typeof reason === 'object' && reason !== null
  const name = isObject ? (readText(p, reason, 'name') ?? 'Error') : undefined
  const text = messageOf(p, reason)
  const shown = truncate(p, name === undefined ? text : `${name}: ${text}`, maxReasonLength)
  const message = `A promise was rejected and nothing handles it: ${shown}. Await the promise, or add a catch.`
  return { code: 'UNHANDLED_REJECTION', message, line, column, tool, call }
}
