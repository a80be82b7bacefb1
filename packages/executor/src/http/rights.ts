import { RequestError } from '@codemode/shared'

import type { ExecutionHandle } from '../engine/engine.ts'
import type { Principal, Right } from '../engine/principal.ts'

/** Throws `RequestError` FORBIDDEN if the key lacks the right. `action` begins the message, such as "Running code". */
export function requireRight(principal: Principal, right: Right, action: string): void {
  if (!principal.rights.includes(right)) throw missing(principal, [right], `${action} requires the right "${right}".`)
}

/**
 * Throws `RequestError` FORBIDDEN unless the key has the right, which is for all executions of the tenant, or has the right
 * `run` and the owner of the execution.
 */
export function requireRightOrOwner(
  principal: Principal,
  right: 'read' | 'operate',
  { execution, action }: { readonly execution: Pick<ExecutionHandle, 'id' | 'owner'>; readonly action: string },
): void {
  if (principal.rights.includes(right) || (principal.rights.includes('run') && execution.owner === principal.owner))
    return
  const isOwn = execution.owner === principal.owner
  const rule = `requires the right "${right}", or the right "run" and the owner of the execution.`
  throw missing(principal, isOwn ? [right, 'run'] : [right], `${action} ${rule}`, execution.id)
}

/** Throws `RequestError` FORBIDDEN unless the key has the right `run` and the owner of the execution. */
export function requireOwner(
  principal: Principal,
  { execution, action }: { readonly execution: Pick<ExecutionHandle, 'id' | 'owner'>; readonly action: string },
): void {
  requireOwnerOf(principal, execution.owner, { action, did: 'submitted the execution', executionId: execution.id })
}

/** Throws `RequestError` FORBIDDEN unless the key has the right `run` and the owner of the session. */
export function requireSessionOwner(
  principal: Principal,
  { session, action }: { readonly session: { readonly owner: string }; readonly action: string },
): void {
  requireOwnerOf(principal, session.owner, { action, did: 'created the session' })
}

interface OwnedAction {
  readonly action: string
  /** Act by which the owner is known, as in "submitted the execution". */
  readonly did: string
  readonly executionId?: string
}

function requireOwnerOf(principal: Principal, owner: string, { action, did, ...about }: OwnedAction): void {
  requireRight(principal, 'run', action)
  if (owner === principal.owner) return
  throw new RequestError('FORBIDDEN', `${action} requires a key of the owner that ${did}.`, {
    ...about,
    suggestion: `Use the key that ${did}, or one that was created with the same owner.`,
  })
}

/** Returns the error of a key that has none of the rights of which one would suffice. */
function missing(principal: Principal, rights: readonly Right[], rule: string, executionId?: string): RequestError {
  const has = principal.rights.length === 0 ? 'none' : principal.rights.join(', ')
  return new RequestError('FORBIDDEN', `${rule} The API key has only: ${has}.`, {
    details: { missing: [...rights], rights: [...principal.rights] },
    suggestion:
      `Use a key with the right ${rights.map((right) => `"${right}"`).join(' or ')}. ` +
      `The operator of the executor creates one with: codemode-executor keys create --tenant ${principal.tenant} --rights ${rights[0]}`,
    ...(executionId !== undefined && { executionId }),
  })
}
