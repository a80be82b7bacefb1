import type { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'

/** Response with a 2xx status, which may be another server's. */
export interface SuccessAnswer {
  readonly text: string
  /** Makes the error for a response that is not the executor's. */
  readonly foreign: () => ExecutorClientError
}

/** Returns the error for a response of the executor that violates the protocol. */
export function malformed(what: string, cause: unknown): ExecutorClientError {
  return new ExecutorClientError('INVALID_RESPONSE', `The executor's ${what} does not match the protocol of this client`, {
    ambiguous: true,
    suggestion: 'Check that the client and the executor are of the same major version.',
    cause,
  })
}

/** Returns the error for a response of the executor that was truncated or modified on the way. */
function damaged(what: string): ExecutorClientError {
  return new ExecutorClientError(
    'INVALID_RESPONSE',
    `The executor's ${what} is not valid JSON: it was truncated or modified on the way`,
    {
      retryable: true,
      ambiguous: true,
      suggestion: 'Check the proxies and gateways before the executor: one of them truncates or modifies responses.',
    },
  )
}

/** Returns the parsed response, without unknown fields. Throws an error for any other, which says what answered. */
export function parseAnswer<Schema extends z.ZodType>(
  schema: Schema,
  { text, foreign }: SuccessAnswer,
  what: string,
): z.output<Schema> {
  const json = parseJson(text)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  // A text that names an execution is taken as the executor's response.
  if (!text.includes('"executionId"')) throw foreign()
  throw json === undefined ? damaged(what) : malformed(what, parsed.error)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
