import { RequestError } from '@codemode/shared'

/** Returns the refusal to continue an execution that has ended. */
export function executionEnded(executionId: string): RequestError {
  return new RequestError('EXECUTION_ENDED', `The execution ${executionId} has ended`, {
    executionId,
    suggestion: 'Read its record, or run it again: POST /v1/executions/:id/retry.',
  })
}

/** Throws the refusal to read an execution that is stored: its code may run, although the request fails. */
export function refuseAmbiguously(error: unknown): never {
  if (!(error instanceof RequestError) || error.code !== 'STORE_UNAVAILABLE') throw error
  const { code, message, retryAfterSeconds, suggestion } = error
  throw new RequestError(code, message, {
    ambiguous: true,
    cause: error,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(suggestion !== undefined && { suggestion }),
  })
}

/** Returns the refusal of a retry without a callback of an execution that had one. */
export function callbackMissing(): RequestError {
  return new RequestError(
    'INVALID_REQUEST',
    'The execution called its tools at a callback, whose token is not kept, so a retry needs a callback of its own.',
    {
      details: { path: 'callback' },
      suggestion:
        'Send callback: {url, token}, or retry it in the program that has its tools: (await codemode.getExecution(id)).retry().',
    },
  )
}

/** Returns the refusal of one more execution for a tenant. */
export function tooManyQueued(limit: number): RequestError {
  return new RequestError(
    'RATE_LIMITED',
    `The tenant has ${limit} detached executions that have not started, which is the limit of the API key`,
    {
      details: { limit },
      retryAfterSeconds: 5,
      suggestion: 'Wait until some have started, or raise maxQueued of the API key.',
    },
  )
}

/** Returns the refusal to retry a step: it would run outside of its session. */
export function stepNotRetryable(executionId: string, session: string): RequestError {
  return new RequestError('INVALID_REQUEST', `The execution ${executionId} is a step of the session ${session}`, {
    executionId,
    suggestion: 'Add its code to the session again, as a new step.',
  })
}
