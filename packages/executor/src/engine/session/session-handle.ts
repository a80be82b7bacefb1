import type { ForkRequest, SessionRecord, SessionRequest, SessionSummary } from '@codemode/shared'

import type { SessionFacts, SessionPlace } from '../../store/session-store.ts'
import type { Principal } from '../principal.ts'

/** Session of either kind, as the HTTP layer sees it. The methods throw `RequestError`, or reject with it. */
export interface SessionHandle {
  readonly facts: SessionFacts
  readonly isDurable: boolean
  /** Place of the session in lists. */
  readonly place: SessionPlace
  summary(): SessionSummary
  record(): SessionRecord | Promise<SessionRecord>
  /** Creates a session with the state after a step. */
  fork(request: ForkRequest): SessionHandle | Promise<SessionHandle>
  /** Removes variables and steps, after the steps that were accepted. Resolves with the record after it. */
  reset(): Promise<SessionRecord>
  /** Ends the session: its steps are cancelled, and its variables are gone. Resolves with its last record. */
  end(): SessionRecord | Promise<SessionRecord>
}

/** Session that a request has created or attached to. */
export interface OpenedSession {
  readonly session: SessionHandle
  readonly isNew: boolean
}

/** Filter and page of a list. */
export interface SessionPageOptions {
  readonly owner?: string | undefined
  readonly label?: string | undefined
  readonly limit: number
  /** Cursor of the page before; undefined for the first page. */
  readonly cursor?: string | undefined
}

/** Page of a list, newest session first. */
export interface SessionPage {
  readonly items: readonly SessionHandle[]
  /** Cursor of the next page; null after the last one. */
  readonly nextCursor: string | null
}

/** Sessions of both kinds. The methods throw `RequestError`, or reject with it. */
export interface Sessions {
  /** Creates a session, or attaches to the one with the same id. */
  create(request: SessionRequest, principal: Principal): Promise<OpenedSession>
  /** Returns a session. Throws SESSION_EXPIRED if it has ended lately, and NOT_FOUND. */
  find(tenant: string, id: string): SessionHandle | Promise<SessionHandle>
  /** Returns a page of the tenant's sessions, newest first. Sessions that are created or end meanwhile shift no page. */
  list(tenant: string, options: SessionPageOptions): Promise<SessionPage>
}
