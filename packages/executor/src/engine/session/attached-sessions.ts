import { RequestError } from '@codemode/shared'

import type { SessionFacts, SessionListOptions } from '../../store/session-store.ts'
import { RetentionStore } from '../attached/retention-store.ts'
import { AttachedSession, type SessionOwner } from './attached-session.ts'
import { comesAfter } from './session-order.ts'
import { sessionExists, sessionExpired, sessionNotFound } from './session-refusals.ts'

/** Maximum number of sessions of one tenant, and of the bytes of all sessions of this node. */
const maxPerTenant = 1_000
const maxBytes = 512 * 1024 * 1024
/** Milliseconds between two searches for expired sessions. */
const expiryIntervalMs = 1_000
/** Ids of sessions that have ended are remembered for a day, so that their users learn what has happened. */
const ended = { ms: 86_400_000, count: 100_000 }

interface AttachedSessionsOptions {
  readonly now: () => number
}

/** Sessions in the memory of this node. */
export class AttachedSessions implements SessionOwner {
  readonly now: () => number
  readonly #byTenant = new Map<string, Map<string, AttachedSession>>()
  readonly #endedIds = new RetentionStore<true>({ ...ended, bytes: Infinity, bytesOf: () => 1 })
  readonly #timer: NodeJS.Timeout

  constructor({ now }: AttachedSessionsOptions) {
    this.now = now
    this.#timer = setInterval(() => this.#expire(), expiryIntervalMs).unref()
  }

  /** Creates a session. Throws `RequestError` RATE_LIMITED if the tenant has too many. */
  create(facts: SessionFacts): AttachedSession {
    return this.add(new AttachedSession(facts, this))
  }

  /** Returns a session that has not ended; undefined if there is none. */
  get(tenant: string, id: string): AttachedSession | undefined {
    const session = this.#byTenant.get(tenant)?.get(id)
    if (session === undefined || session.expiresAt > this.now()) return session
    session.end()
    return undefined
  }

  /** Returns whether a session has ended lately. */
  hasEnded(tenant: string, id: string): boolean {
    return this.#endedIds.get(tenant, id) !== undefined
  }

  /** Returns a session. Throws `RequestError` SESSION_EXPIRED if it has ended lately, and NOT_FOUND. */
  find(tenant: string, id: string): AttachedSession {
    const session = this.get(tenant, id)
    if (session !== undefined) return session
    throw this.hasEnded(tenant, id) ? sessionExpired(id) : sessionNotFound(id)
  }

  /** Returns all of the tenant's sessions after the given place, in any order. */
  list(tenant: string, { owner, label, before }: Omit<SessionListOptions, 'limit'>): AttachedSession[] {
    return [...(this.#byTenant.get(tenant)?.values() ?? [])].filter(
      ({ place, facts }) =>
        (before === undefined || comesAfter(place, before)) &&
        (owner === undefined || facts.owner === owner) &&
        (label === undefined || facts.label === label),
    )
  }

  remove(session: AttachedSession): void {
    const { tenant, id } = session.facts
    const sessions = this.#byTenant.get(tenant)
    sessions?.delete(id)
    if (sessions?.size === 0) this.#byTenant.delete(tenant)
    this.#endedIds.add(tenant, id, true)
  }

  /**
   * Frees memory for another step of the tenant, by ending the sessions that were not used for longest. Throws
   * `RequestError` RATE_LIMITED if that is not enough.
   */
  makeRoom(tenant: string): void {
    let bytes = 0
    for (const sessions of this.#byTenant.values()) for (const { sizeBytes } of sessions.values()) bytes += sizeBytes
    if (bytes < maxBytes) return
    const idle = [...(this.#byTenant.get(tenant)?.values() ?? [])]
      .filter((session) => session.isIdle && session.sizeBytes > 0)
      .sort((a, b) => a.lastUsedAt - b.lastUsedAt)
    for (const session of idle) {
      bytes -= session.sizeBytes
      session.end()
      if (bytes < maxBytes) return
    }
    throw new RequestError('RATE_LIMITED', `The sessions of this executor have ${maxBytes} bytes, which is the limit`, {
      retryAfterSeconds: 5,
      suggestion: 'End sessions that you no longer need.',
    })
  }

  close(): void {
    clearInterval(this.#timer)
    for (const sessions of this.#byTenant.values()) for (const session of sessions.values()) session.close()
  }

  add(session: AttachedSession): AttachedSession {
    const { tenant, id } = session.facts
    const sessions = this.#byTenant.get(tenant) ?? new Map<string, AttachedSession>()
    if (sessions.has(id)) throw sessionExists(id)
    if (sessions.size >= maxPerTenant) {
      throw new RequestError('RATE_LIMITED', `The tenant has ${maxPerTenant} sessions, which is the limit`, {
        retryAfterSeconds: 5,
        suggestion: 'End sessions that you no longer need.',
      })
    }
    this.#byTenant.set(tenant, sessions.set(id, session))
    return session
  }

  #expire(): void {
    const now = this.now()
    for (const sessions of this.#byTenant.values())
      for (const session of sessions.values()) if (session.expiresAt <= now) session.end()
  }
}
