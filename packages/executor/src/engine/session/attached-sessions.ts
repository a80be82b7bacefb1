import { newSessionId, RequestError, sessionIdle, type ForkRequest, type SessionRequest } from '@codemode/shared'
import { isDeepStrictEqual } from 'node:util'

import type { Principal } from '../principal.ts'
import { RetentionStore } from '../attached/retention-store.ts'
import { AttachedSession } from './attached-session.ts'

/** Maximum number of sessions of one tenant, and of the bytes of all sessions of this node. */
const maxPerTenant = 1_000
const maxBytes = 512 * 1024 * 1024
/** Milliseconds between two searches for expired sessions. */
const expiryIntervalMs = 1_000
/** Ids of sessions that have ended are remembered for a day, so that their users learn what has happened. */
const ended = { ms: 86_400_000, count: 100_000 }

/** Filter and page of a list. */
interface SessionListOptions {
  readonly owner?: string | undefined
  readonly label?: string | undefined
  readonly limit: number
  /** Cursor of the page before; undefined for the first page. */
  readonly cursor?: string | undefined
}

/** Page of a list, newest session first. */
interface SessionPage {
  readonly items: readonly AttachedSession[]
  /** Cursor of the next page; null after the last one. */
  readonly nextCursor: string | null
}

interface AttachedSessionsOptions {
  readonly now: () => number
}

/** Sessions in the memory of this node. */
export class AttachedSessions {
  readonly #now: () => number
  readonly #byTenant = new Map<string, Map<string, AttachedSession>>()
  readonly #endedIds = new RetentionStore<true>({ ...ended, bytes: Infinity, bytesOf: () => 1 })
  readonly #timer: NodeJS.Timeout
  /** Number of sessions that were created. */
  #created = 0

  constructor({ now }: AttachedSessionsOptions) {
    this.#now = now
    this.#timer = setInterval(() => this.#expire(), expiryIntervalMs).unref()
  }

  /** Creates a session, or attaches to the one with the same id. Throws `RequestError`. */
  create(request: SessionRequest, principal: Principal): AttachedSession {
    const { id = newSessionId(), context = {}, config = {}, label, memoryLimitMb } = request
    const { tenant, owner } = principal
    const facts = {
      id,
      tenant,
      owner,
      label,
      context,
      config,
      memoryLimitMb: checkedMemory(memoryLimitMb, principal),
      idleTimeoutMs: request.idleTimeoutMs ?? sessionIdle.defaultMs,
      isolation: principal.isolation,
    }
    const existing = this.#byTenant.get(tenant)?.get(id)
    if (existing === undefined) return this.#add(new AttachedSession(facts, this.#now))
    // Whoever attaches may leave everything out.
    const isSame = Object.keys(request).length <= 1 || isDeepStrictEqual(existing.facts, facts)
    if (existing.facts.owner === owner && isSame) return existing
    throw new RequestError('IDEMPOTENCY_CONFLICT', `The session ${id} was created by another request`)
  }

  /** Returns a session. Throws `RequestError` SESSION_EXPIRED if it has ended lately, and NOT_FOUND. */
  find(tenant: string, id: string): AttachedSession {
    const session = this.#byTenant.get(tenant)?.get(id)
    if (session !== undefined && session.expiresAt > this.#now()) return session
    if (session === undefined && this.#endedIds.get(tenant, id) === undefined) throw notFound(id)
    throw expired(id)
  }

  /**
   * Returns a page of the tenant's sessions, newest first. Sessions that are created or end meanwhile shift no page. Throws
   * `RequestError` INVALID_REQUEST for a cursor that no page had.
   */
  list(tenant: string, { owner, label, limit, cursor }: SessionListOptions): SessionPage {
    const before = cursor === undefined ? Infinity : numberOf(cursor)
    const found = this.#sessionsOf(tenant).filter(
      ({ number, facts }) =>
        number < before &&
        (owner === undefined || facts.owner === owner) &&
        (label === undefined || facts.label === label),
    )
    const items = found.slice(0, limit)
    return { items, nextCursor: found.length > limit ? String(items.at(-1)!.number) : null }
  }

  fork(session: AttachedSession, { id = newSessionId(), atStep, label }: ForkRequest): AttachedSession {
    if (this.#byTenant.get(session.facts.tenant)?.has(id)) {
      throw new RequestError('IDEMPOTENCY_CONFLICT', `There is a session ${id} already`)
    }
    return this.#add(session.fork({ id, label: label ?? session.facts.label }, atStep))
  }

  /** Ends a session: its steps are cancelled, and its variables are gone. */
  end(session: AttachedSession): void {
    const { tenant, id } = session.facts
    const sessions = this.#byTenant.get(tenant)
    sessions?.delete(id)
    if (sessions?.size === 0) this.#byTenant.delete(tenant)
    this.#endedIds.add(tenant, id, true)
    session.close()
  }

  /**
   * Frees memory for another step of the tenant, by ending the sessions that were not used for longest. Throws
   * `RequestError` RATE_LIMITED if that is not enough.
   */
  makeRoom(tenant: string): void {
    let bytes = 0
    for (const sessions of this.#byTenant.values()) for (const { sizeBytes } of sessions.values()) bytes += sizeBytes
    if (bytes < maxBytes) return
    const idle = this.#sessionsOf(tenant)
      .filter((session) => session.isIdle && session.sizeBytes > 0)
      .sort((a, b) => a.lastUsedAt - b.lastUsedAt)
    for (const session of idle) {
      bytes -= session.sizeBytes
      this.end(session)
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

  #sessionsOf(tenant: string): AttachedSession[] {
    return [...(this.#byTenant.get(tenant)?.values() ?? [])].toReversed()
  }

  #add(session: AttachedSession): AttachedSession {
    const { tenant, id } = session.facts
    const sessions = this.#byTenant.get(tenant) ?? new Map<string, AttachedSession>()
    if (sessions.size >= maxPerTenant) {
      throw new RequestError('RATE_LIMITED', `The tenant has ${maxPerTenant} sessions, which is the limit`, {
        retryAfterSeconds: 5,
        suggestion: 'End sessions that you no longer need.',
      })
    }
    session.number = this.#created += 1
    this.#byTenant.set(tenant, sessions.set(id, session))
    return session
  }

  #expire(): void {
    const now = this.#now()
    for (const sessions of this.#byTenant.values())
      for (const session of sessions.values()) if (session.expiresAt <= now) this.end(session)
  }
}

function numberOf(cursor: string): number {
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor)
  throw new RequestError('INVALID_REQUEST', 'cursor: it is not a nextCursor of this list')
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

function notFound(id: string): RequestError {
  return new RequestError('NOT_FOUND', `There is no session ${id}`)
}

function expired(id: string): RequestError {
  return new RequestError('SESSION_EXPIRED', `The session ${id} has expired or was ended; its variables are gone`, {
    suggestion: 'Create a new session, and run the steps again whose variables you need.',
  })
}
