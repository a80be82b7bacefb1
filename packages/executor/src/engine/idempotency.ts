import { RequestError } from '@codemode/shared'

/** Returns the refusal of a request with an id that belongs to an execution of another request. */
export function otherRequest(executionId: string): RequestError {
  return new RequestError('IDEMPOTENCY_CONFLICT', `The id ${executionId} belongs to an execution of another request`, {
    executionId,
    suggestion: 'Use a new id for a new request; repeat a request with exactly the same body.',
  })
}

/** Returns the refusal of a request whose execution has ended, and whose result is no longer kept. */
export function resultGone(executionId: string): RequestError {
  return new RequestError('RESULT_GONE', `The execution ${executionId} has ended, and its result is no longer kept`, {
    executionId,
    ambiguous: true,
    suggestion: 'Use a new id to run the code again.',
  })
}
