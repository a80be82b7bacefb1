import { newSessionId, RequestError, sessionIdle, type SessionRequest } from '@codemode/shared'
import { isDeepStrictEqual } from 'node:util'

import type { SessionFacts } from '../../store/session-store.ts'
import type { Principal } from '../principal.ts'
import { otherSession } from './session-refusals.ts'

/** Returns the facts of the session that a request creates. Throws `RequestError` for a limit above the key's maximum. */
export function sessionFactsOf(request: SessionRequest, principal: Principal): SessionFacts {
  const { id = newSessionId(), context = {}, config = {}, label, memoryLimitMb } = request
  const { tenant, owner, isolation, reuseIsolates } = principal
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
    reuseIsolates,
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
function isAttachOnly(request: SessionRequest): boolean {
  return Object.entries(request).every(([name, value]) => name === 'id' || value === undefined)
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
