import type { ConsoleSession } from '@codemode/shared'

import { request } from './request.ts'

/** Returns the session. Rejects with `ApiError` of status 401 if there is none. */
export const readSession = (): Promise<ConsoleSession> => request('/session')

/** Exchanges an API key for a cookie. */
export const signIn = (apiKey: string): Promise<ConsoleSession> => request('/sign-in', { body: { apiKey } })

/** Removes the cookie. */
export const signOut = (): Promise<void> => request('/sign-out', { method: 'POST' })

/** Owner of an execution, for rules that depend on it. */
interface Owned {
  readonly owner?: string | undefined
}

/** Returns whether the session may cancel, retry and wake an execution. */
export function mayOperate({ mode, rights, owner }: ConsoleSession, execution: Owned): boolean {
  return mode === 'on' && (rights.includes('operate') || (rights.includes('run') && execution.owner === owner))
}

/** Returns whether the session may retry an execution with other code or input. */
export function mayEdit(session: ConsoleSession, execution: Owned): boolean {
  const { rights, owner } = session
  // The new execution is the session's own, and gets what the other one had as input and context.
  const mayRead = rights.includes('read') || execution.owner === owner
  return mayOperate(session, execution) && rights.includes('run') && mayRead
}

/** Returns whether the session may decide about the approvals of an execution. */
export function mayDecide({ mode, rights, forbidSelfApproval, owner }: ConsoleSession, execution: Owned): boolean {
  return mode === 'on' && rights.includes('approve') && !(forbidSelfApproval && execution.owner === owner)
}
