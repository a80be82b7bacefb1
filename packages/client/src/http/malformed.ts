import type { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'

/** An answer with a status of 2xx, and what it is told as if it is not the executor's. */
export interface SuccessAnswer {
  readonly text: string
  /** Makes the error for it. */
  readonly foreign: () => ExecutorClientError
}

/** Returns the error for an answer of the executor that does not follow the protocol. */
export function malformed(what: string, cause: unknown): ExecutorClientError {
  return new ExecutorClientError('INTERNAL', `The executor's ${what} is not what this client understands`, {
    ambiguous: true,
    suggestion: 'Check that the client and the executor are of the same major version.',
    cause,
  })
}

function incomplete(what: string): ExecutorClientError {
  return new ExecutorClientError('INTERNAL', `The executor's ${what} is cut off or damaged: it is not valid JSON`, {
    retryable: true,
    ambiguous: true,
    suggestion: 'Check the proxies and gateways before the executor: one of them changes or cuts answers.',
  })
}

/** Reads an answer of the executor; unknown fields are dropped. Throws an error that says what answered otherwise. */
export function parseAnswer<Schema extends z.ZodType>(
  schema: Schema,
  { text, foreign }: SuccessAnswer,
  what: string,
): z.output<Schema> {
  const json = parseJson(text)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  // An answer that names an execution is the executor's.
  if (!text.includes('"executionId"')) throw foreign()
  throw json === undefined ? incomplete(what) : malformed(what, parsed.error)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
