/** Options of methods that read or wait: each is checked when the method is called, and refused with a correct call. */
import { isObject } from '@codemode/shared/internal'
import { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'

const milliseconds = 'it must be a number of milliseconds, 0 or more'
const timeoutMs = z.number(milliseconds).min(0, milliseconds).optional()
const signal = z.instanceof(AbortSignal, { error: 'it must be an AbortSignal' }).optional()

export const waitOptionsSchema = z.strictObject({ timeoutMs })
export const resumeOptionsSchema = z.strictObject({ timeoutMs, signal })
export const eventsOptionsSchema = z.strictObject({
  after: z.string('it must be the id of an event, which is a string').optional(),
  signal,
})

interface CalledMethod {
  /** Name of the method, as in `wait()`. */
  readonly method: string
  readonly correctCall: string
}

/** Returns the options of a call. Throws a ConfigurationError with a correct call if they are invalid. */
export function parseCallOptions<Schema extends z.ZodObject>(
  schema: Schema,
  given: unknown,
  { method, correctCall }: CalledMethod,
): z.output<Schema> {
  if (!isObject(given)) {
    const problem = `The options of ${method} must be an object; the value is ${typeText(given)}.`
    throw new ConfigurationError(problem, correctCall)
  }
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const origin = { nameOf: (path: readonly string[]) => `The option ${path.join('.')}`, correct: () => correctCall }
  throw configError(parsed.error.issues, { schema, given, originAt: () => origin, showsTexts: true })
}

/** Returns the reason of a cancellation. Throws a ConfigurationError for a value that is no text. */
export function parseCancelReason(reason: unknown): string | undefined {
  if (reason === undefined || typeof reason === 'string') return reason
  throw new ConfigurationError(
    `The reason of a cancellation must be a string; the value is ${typeText(reason)}.`,
    "execution.cancel('no longer needed')",
  )
}

function typeText(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`
}
