// Readings of executor clocks. From the reading that a request names, an executor decides whether the code of an
// execution that it does not know may have run. See design/retries.md.
import { z } from 'zod'

import { headers } from '../headers.ts'

const instanceSchema = z.string().regex(/^[0-9a-f]{32}$/)
const clockMsSchema = z.int().min(0)

/** Reading of the monotonic clock of one executor instance, which is one start of the executor. */
export const instanceReadingSchema = z.object({
  /** Random id of the instance. */
  instance: instanceSchema,
  /** Whole milliseconds since the instance started, rounded down. */
  clockMs: clockMsSchema,
})

/** Reading of the monotonic clock of one executor instance. */
export type InstanceReading = z.infer<typeof instanceReadingSchema>

/** Reading that the client had before the first attempt that may have arrived; `none` if it had no reading. */
export type KnownReading = InstanceReading | 'none'

/** `details` of a refusal with OUTCOME_AMBIGUOUS: reading of the refusing instance, and the limit of its memory. */
export const ambiguousRefusalSchema = instanceReadingSchema.extend({
  /** Clock reading since which it still knows every attempt that reached the instance named by the request. */
  remembersSinceMs: clockMsSchema,
})

/** `details` of a refusal with OUTCOME_AMBIGUOUS. */
export type AmbiguousRefusal = z.infer<typeof ambiguousRefusalSchema>

/** Format of the header `x-codemode-known`. */
export const knownReadingPattern = /^(?:none|([0-9a-f]{32})=(\d{1,15}))$/

/** Returns the text of the header `x-codemode-known`. */
export function formatKnownReading(known: KnownReading): string {
  return known === 'none' ? known : `${known.instance}=${known.clockMs}`
}

/** Returns the value of the header `x-codemode-known`, or undefined if the text is malformed. */
export function parseKnownReading(text: string): KnownReading | undefined {
  const match = knownReadingPattern.exec(text)
  if (match === null) return undefined
  const [, instance, clockMs] = match
  return instance === undefined ? 'none' : { instance, clockMs: Number(clockMs) }
}

/** Returns the response headers that carry a reading. */
export function readingHeaders({ instance, clockMs }: InstanceReading): Record<string, string> {
  return { [headers.instance]: instance, [headers.clock]: String(clockMs) }
}

/** Returns the reading in response headers, or undefined if there is none. */
export function readingOf(given: Readonly<Record<string, unknown>>): InstanceReading | undefined {
  const clock = given[headers.clock]
  if (typeof clock !== 'string' || !/^\d{1,15}$/.test(clock)) return undefined
  return instanceReadingSchema.safeParse({ instance: given[headers.instance], clockMs: Number(clock) }).data
}
