import type { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'

/** The error for an answer that is not what the protocol says. */
export function malformed(what: string, cause: unknown): ExecutorClientError {
  return new ExecutorClientError('INTERNAL', `The executor's ${what} is not what this client understands`, {
    ambiguous: true,
    suggestion: 'Check that the client and the executor are of the same major version.',
    cause,
  })
}

/** Reads an answer of the executor. Unknown fields are dropped. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw malformed(what, cause)
  }
}
