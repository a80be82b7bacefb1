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

/** Returns whether the session may cancel and retry an execution. */
export function mayOperate({ mode, rights, owner }: ConsoleSession, execution: Owned): boolean {
  return mode === 'on' && (rights.includes('operate') || (rights.includes('run') && execution.owner === owner))
}

/** Returns whether the session may wake executions that need attention. */
export function mayWake({ mode, rights }: ConsoleSession): boolean {
  return mode === 'on' && rights.includes('operate')
}

/** Returns whether the session may retry an execution with other code or input. */
export function mayEdit(session: ConsoleSession, execution: Owned): boolean {
  return mayOperate(session, execution) && session.rights.includes('run')
}

/** Returns whether the session may decide about the approvals of an execution. */
export function mayDecide({ mode, rights, forbidSelfApproval, owner }: ConsoleSession, execution: Owned): boolean {
  return mode === 'on' && rights.includes('approve') && !(forbidSelfApproval && execution.owner === owner)
}
