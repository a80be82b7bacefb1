import { RequestError, sessionIdSchema, type SessionRequest } from '@codemode/shared'

import type { ExecutionStore } from '../../store/execution-store.ts'
import type { SessionFacts } from '../../store/session-store.ts'
import type { Principal } from '../principal.ts'
import type { AttachedSessions } from './attached-sessions.ts'
import { DurableSession, type DurableSessionParts } from './durable-session.ts'
import { requireSame, sessionFactsOf } from './session-facts.ts'
import type { OpenedSession, SessionHandle, SessionPage, SessionPageOptions, Sessions } from './session-handle.ts'
import { byPlace, cursorOf, placeOf } from './session-order.ts'
import { sessionExpired, sessionNotFound, sessionsNeedStore } from './session-refusals.ts'

/** Durable sessions of the store that this node uses. */
export interface DurableParts extends DurableSessionParts {
  readonly store: Pick<ExecutionStore, 'isInUse'>
}

/** Sessions of both kinds: those in the memory of this node, and those in the store. */
export class AllSessions implements Sessions {
  readonly #attached: AttachedSessions
  readonly #durable: DurableParts | undefined

  /** `durable` is undefined if the executor has no store. */
  constructor(attached: AttachedSessions, durable: DurableParts | undefined) {
    this.#attached = attached
    this.#durable = durable
  }

  async create(request: SessionRequest, principal: Principal): Promise<OpenedSession> {
    const facts = sessionFactsOf(request, principal)
    const { tenant, id } = facts
    if (request.durable === true) return this.#createDurable(request, facts)
    const stored = request.id === undefined ? undefined : await this.#findReachable(tenant, id)
    const existing = this.#attached.get(tenant, id) ?? stored
    if (existing === undefined) return { session: this.#attached.create(facts), isNew: true }
    requireSame(existing, request, facts)
    return { session: existing, isNew: false }
  }

  find(tenant: string, id: string): SessionHandle | Promise<SessionHandle> {
    return this.#attached.get(tenant, id) ?? this.#findStored(tenant, id)
  }

  async list(tenant: string, { owner, label, limit, cursor }: SessionPageOptions): Promise<SessionPage> {
    const before = cursor === undefined ? undefined : placeOf(cursor)
    const options = { owner, label, limit: limit + 1, before }
    const stored = (await this.#durable?.sessions.list(tenant, options)) ?? []
    const durable = stored.map((session) => new DurableSession(session, this.#durable!))
    const all = [...this.#attached.list(tenant, options), ...durable].sort(byPlace)
    const items = all.slice(0, limit)
    return { items, nextCursor: all.length > limit ? cursorOf(items.at(-1)!.place) : null }
  }

  async #createDurable(request: SessionRequest, facts: SessionFacts): Promise<OpenedSession> {
    const durable = this.#durable
    if (durable === undefined) throw sessionsNeedStore()
    const attached = this.#attached.get(facts.tenant, facts.id)
    if (attached !== undefined) requireSame(attached, request, facts)
    const { isNew, ...found } = await durable.sessions.create(facts)
    if (found.type === 'ended') throw sessionExpired(facts.id)
    const session = new DurableSession(found.session, durable)
    if (!isNew) requireSame(session, request, facts)
    return { session, isNew }
  }

  async #findStored(tenant: string, id: string): Promise<SessionHandle> {
    // An id that is none may be text that a database does not take.
    const isId = sessionIdSchema.safeParse(id).success
    const found = isId ? await this.#durable?.sessions.find(tenant, id) : undefined
    if (found?.type === 'found') return new DurableSession(found.session, this.#durable!)
    throw found?.type === 'ended' || this.#attached.hasEnded(tenant, id) ? sessionExpired(id) : sessionNotFound(id)
  }

  /**
   * Resolves with the durable session of this id; rejects with SESSION_EXPIRED if it has ended lately. Attached sessions need no
   * store, so one that does not answer has none.
   */
  async #findReachable(tenant: string, id: string): Promise<SessionHandle | undefined> {
    if (this.#durable?.store.isInUse !== true) return undefined
    try {
      const found = await this.#durable.sessions.find(tenant, id)
      if (found?.type === 'ended') throw sessionExpired(id)
      return found && new DurableSession(found.session, this.#durable)
    } catch (error) {
      if (error instanceof RequestError && error.code === 'STORE_UNAVAILABLE') return undefined
      throw error
    }
  }
}
