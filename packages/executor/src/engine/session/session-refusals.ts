import { RequestError } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

/** Returns the refusal of a request with the id of a session that was created by another request. */
export function otherSession(id: string): RequestError {
  return new RequestError('IDEMPOTENCY_CONFLICT', `The session ${id} was created by another request`)
}

/** Returns the refusal of a fork with the id of a session that exists. */
export function sessionExists(id: string): RequestError {
  return new RequestError('IDEMPOTENCY_CONFLICT', `There is a session ${id} already`)
}

/** Returns the answer to a request about a session that does not exist, or that belongs to another tenant. */
export function sessionNotFound(id: string): RequestError {
  return new RequestError('NOT_FOUND', `There is no session ${textHead(id, 64)}`)
}

/** Returns the answer to a request about a session that has ended lately. */
export function sessionExpired(id: string): RequestError {
  return new RequestError('SESSION_EXPIRED', `The session ${id} has expired or was ended; its variables are gone`, {
    suggestion: 'Create a new session, and run the steps again whose variables you need.',
  })
}

/** Returns the refusal of a fork at a step that the session does not have. */
export function noSuchStep(id: string, step: number, lastStep: number): RequestError {
  return new RequestError('INVALID_REQUEST', `The session ${id} has no step ${step} since its last reset`, {
    details: { path: 'atStep', steps: lastStep },
  })
}

/** Returns the refusal of a fork at a step that has not ended. */
export function stepNotEnded(id: string, step: number): RequestError {
  return new RequestError('INVALID_REQUEST', `The step ${step} of the session ${id} has not ended`, {
    details: { path: 'atStep' },
    suggestion: 'Wait for the step, or fork at one that has ended.',
  })
}

/** Returns the refusal of a durable session by an executor without a store. */
export function sessionsNeedStore(): RequestError {
  return new RequestError(
    'STORE_DISABLED',
    'Durable sessions need a store, and this executor has none (CODEMODE_STORE=none).',
    {
      suggestion: 'Remove CODEMODE_STORE=none from the configuration of the executor, or omit durable.',
    },
  )
}
