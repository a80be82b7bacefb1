import type { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'

/** Response with a 2xx status, which may be another server's. */
export interface SuccessResponse {
  readonly text: string
  /** Returns the error to throw if the response is not the executor's; it describes the response. */
  readonly foreign: () => ExecutorClientError
}

/** Returns the error for a response of the executor that violates the protocol. */
export function malformed(name: string, cause: unknown): ExecutorClientError {
  return new ExecutorClientError(
    'INVALID_RESPONSE',
    `The executor's ${name} does not match the protocol of this client`,
    {
      ambiguous: true,
      suggestion: 'Check that the client and the executor are of the same major version.',
      cause,
    },
  )
}

/** Returns the error for a response of the executor that was truncated or modified on the way. */
function damaged(name: string): ExecutorClientError {
  return new ExecutorClientError(
    'INVALID_RESPONSE',
    `The executor's ${name} is not valid JSON: it was truncated or modified on the way`,
    {
      retryable: true,
      ambiguous: true,
      suggestion: 'Check the proxies and gateways before the executor: one of them truncates or modifies responses.',
    },
  )
}

/**
 * Returns the parsed response, without unknown fields. Throws if it does not match the schema. `name` names the
 * response in the message.
 */
export function parseResponse<Schema extends z.ZodType>(
  schema: Schema,
  { text, foreign }: SuccessResponse,
  name: string,
): z.output<Schema> {
  const json = parseJson(text)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  // A text that names an execution is taken as the executor's response.
  if (!text.includes('"executionId"')) throw foreign()
  throw json === undefined ? damaged(name) : malformed(name, parsed.error)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
