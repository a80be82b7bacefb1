import { z } from 'zod'

import { UsageError } from './usage-error.ts'

const hourMs = 3_600_000
const unitsMs: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs }
/** Maximum time to the expiry of a key: 100 years. */
const maxAheadMs = 100 * 366 * 24 * hourMs

const date = z.iso.date()
const dateTime = z.iso.datetime({ offset: true })

/**
 * Returns the time that a text such as `90d`, `2027-01-31` or `2027-01-31T12:00:00Z` names, in ISO 8601. A date means its
 * start in UTC. Throws `UsageError`.
 */
export function parseExpiry(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,9})([hdw])$/.exec(text) ?? []
  const isDate = date.safeParse(text).success || dateTime.safeParse(text).success
  const time = count === undefined ? (isDate ? Date.parse(text) : Number.NaN) : now + Number(count) * unitsMs[unit!]!
  if (Number.isNaN(time)) {
    throw new UsageError(
      `--expires: "${text}" is neither a duration in hours, days or weeks, such as 90d, nor a date, such as 2030-12-31 or 2030-12-31T12:00:00Z.`,
    )
  }
  if (time <= now) throw new UsageError(`--expires: ${text} is not in the future.`)
  if (time > now + maxAheadMs) {
    throw new UsageError(
      `--expires: ${text} is more than 100 years ahead. Leave --expires out for a key that never expires.`,
    )
  }
  return new Date(time).toISOString()
}
