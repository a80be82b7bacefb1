import { RequestError, type ExecutionRequest } from '@codemode/shared'

import type { Principal } from '../engine/principal.ts'
import type { SessionHandle } from '../engine/session/session-handle.ts'
import { requireSessionOwner } from './rights.ts'

/** Fields of an execution that a step takes from its session, or that only an execution without a session can have. */
const notOfSteps = ['context', 'config', 'detached', 'expiresAfterMs', 'notify'] as const

/** Throws `RequestError` if the request is none for a step of this session, or the key may not add steps to it. */
export function checkStep(principal: Principal, { facts }: SessionHandle, request: ExecutionRequest): void {
  requireSessionOwner(principal, { session: facts, action: 'Adding a step to this session' })
  const field = notOfSteps.find((name) => request[name] !== undefined)
  if (field === undefined) return
  throw new RequestError('INVALID_REQUEST', `${field} is not an option of a step.`, {
    details: { path: field },
    suggestion: field === 'context' || field === 'config' ? `Create the session with ${field}.` : `Omit ${field}.`,
  })
}
