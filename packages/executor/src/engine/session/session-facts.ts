import { newSessionId, RequestError, sessionIdle, type SessionRequest } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'
import { isDeepStrictEqual } from 'node:util'

import type { SessionFacts } from '../../store/session-store.ts'
import type { Principal } from '../principal.ts'

/** Returns the facts of the session that a request creates. Throws `RequestError` for a limit above the key's maximum. */
export function sessionFactsOf(request: SessionRequest, principal: Principal): SessionFacts {
  const { id = newSessionId(), context = {}, config = {}, label, memoryLimitMb } = request
  const { tenant, owner, isolation } = principal
  return {
    id,
    tenant,
    owner,
    label,
    context,
    config,
    memoryLimitMb: checkedMemory(memoryLimitMb, principal),
    idleTimeoutMs: request.idleTimeoutMs ?? sessionIdle.defaultMs,
    isolation,
  }
}

/** Throws `RequestError` unless a request attaches to the session: its values are the same, or it has the id only. */
export function requireSame(
  existing: { readonly facts: SessionFacts; readonly isDurable: boolean },
  request: SessionRequest,
  facts: SessionFacts,
): void {
  const { durable = false } = request
  const isSame = existing.isDurable === durable && isDeepStrictEqual(existing.facts, facts)
  if (existing.facts.owner === facts.owner && (isAttachOnly(request) || isSame)) return
  throw otherSession(facts.id)
}

/** Returns whether a request has the id of a session and nothing else: it attaches to the session as it is. */
export function isAttachOnly(request: SessionRequest): boolean {
  return Object.entries(request).every(([name, value]) => name === 'id' || value === undefined)
}

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

function checkedMemory(memoryLimitMb: number | undefined, { maxLimits }: Principal): number | undefined {
  if (memoryLimitMb === undefined || memoryLimitMb <= maxLimits.memoryLimitMb) return memoryLimitMb
  const max = maxLimits.memoryLimitMb
  throw new RequestError(
    'INVALID_REQUEST',
    `memoryLimitMb is ${memoryLimitMb}; the maximum of this API key is ${max}`,
    {
      details: { path: 'memoryLimitMb', value: memoryLimitMb, max },
    },
  )
}
