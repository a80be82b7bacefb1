/** Checks of the arguments of functions that compose executors; their errors show a correct call. */
import type { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Executor } from '../executor.ts'

/** Parses the options of a wrapper. Throws a ConfigurationError that shows the correct call. */
export function parseWrapperOptions<Schema extends z.ZodObject>(
  schema: Schema,
  options: unknown,
  correctCall: string,
): z.output<Schema> {
  const parsed = schema.safeParse(options)
  if (parsed.success) return parsed.data
  const origin = { nameOf, correct: () => correctCall }
  throw configError(parsed.error.issues, { schema, given: options, originAt: () => origin })
}

/** Throws a ConfigurationError that shows the correct call unless all values are executors. */
export function checkExecutors(executors: readonly unknown[], correctCall: string): void {
  for (const executor of executors) {
    if (typeof (executor as Partial<Executor> | null | undefined)?.run === 'function') continue
    const problem = `An executor must be an object with a method run(request, options); got ${kindOf(executor)}.`
    throw new ConfigurationError(problem, correctCall)
  }
}

function nameOf(path: readonly string[]): string {
  return path.length === 0 ? 'The options' : `the option ${path.join('.')}`
}

/** Returns the kind of an invalid argument, for an error message. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}
