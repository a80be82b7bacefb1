import { maxTimerMs } from '../limits.ts'

/**
 * Returns the value of `Retry-After` (RFC 9110, section 10.2.3), seconds or an HTTP date, in milliseconds from now, from
 * 0 to `maxTimerMs`; undefined if it is neither. A date is compared with the `Date` of the same response, if there is
 * one, since both are of the server's clock.
 */
export function parseRetryAfter(value: string | undefined, answeredAt?: string): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return bounded(Number(text) * 1_000)
  const at = parseHttpDate(text)
  return at === undefined ? undefined : bounded(at - (parseHttpDate(answeredAt?.trim() ?? '') ?? Date.now()))
}

const bounded = (delayMs: number): number => Math.min(Math.max(delayMs, 0), maxTimerMs)

/** Parses the three forms of HTTP dates (RFC 9110, section 5.6.7), of which asctime's has no time zone: it is UTC. */
function parseHttpDate(text: string): number | undefined {
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? /.test(text)) return undefined
  const at = Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : at
}
