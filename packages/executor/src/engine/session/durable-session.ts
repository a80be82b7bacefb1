import { newSessionId, type ForkRequest, type SessionRecord, type SessionSummary } from '@codemode/shared'

import type { SessionFacts, SessionPlace, SessionStore, StoredSession, StoredStep } from '../../store/session-store.ts'
import type { SessionHandle } from './session-handle.ts'
import { noSuchStep, sessionExists, sessionExpired, sessionNotFound, stepNotEnded } from './session-refusals.ts'
import { summaryOf } from './session-summary.ts'
import type { WarmGuests } from './warm-guests.ts'

/** Parts of a node that its durable sessions share. */
export interface DurableSessionParts {
  readonly sessions: SessionStore
  readonly guests: WarmGuests
}

/** Session in the store, as it was when it was read. */
export class DurableSession implements SessionHandle {
  readonly isDurable = true
  readonly #stored: StoredSession
  readonly #parts: DurableSessionParts

  constructor(stored: StoredSession, parts: DurableSessionParts) {
    this.#stored = stored
    this.#parts = parts
  }

  get facts(): SessionFacts {
    return this.#stored.facts
  }

  get place(): SessionPlace {
    return { createdAt: this.#stored.createdAt, id: this.facts.id }
  }

  summary(): SessionSummary {
    return summaryOf(this.#stored, { durable: true })
  }

  async record(): Promise<SessionRecord> {
    const { tenant, id, context } = this.facts
    const steps = await this.#parts.sessions.steps(tenant, id)
    return {
      ...this.summary(),
      context,
      variables: [...(steps.findLast(({ variables }) => variables !== undefined)?.variables ?? [])],
      stepList: steps.map(stepOf),
    }
  }

  async fork({ id = newSessionId(), label = this.facts.label, atStep }: ForkRequest): Promise<DurableSession> {
    const { tenant, id: source } = this.facts
    const forked = await this.#parts.sessions.fork(tenant, source, { id, label, atStep })
    switch (forked.type) {
      case 'created':
        return new DurableSession(forked.session, this.#parts)
      case 'exists':
        throw sessionExists(id)
      case 'no-session':
        throw sessionNotFound(source)
      case 'session-ended':
        throw sessionExpired(source)
      case 'no-step':
        throw noSuchStep(source, atStep!, forked.lastStep)
      case 'not-ended':
        throw stepNotEnded(source, atStep!)
    }
  }

  /** Makes later steps start without variables, at once: steps that were accepted before run with the old state. */
  async reset(): Promise<SessionRecord> {
    const { tenant, id } = this.facts
    const found = await this.#parts.sessions.reset(tenant, id)
    if (found === undefined) throw sessionNotFound(id)
    if (found.type === 'ended') throw sessionExpired(id)
    return new DurableSession(found.session, this.#parts).record()
  }

  async end(): Promise<SessionRecord> {
    const { tenant, id } = this.facts
    const record = await this.record()
    const isEnded = await this.#parts.sessions.end(tenant, id)
    this.#parts.guests.drop({ tenant, session: id })
    if (!isEnded) throw sessionExpired(id)
    return record
  }
}

function stepOf({ number, executionId, status, code, stateKept }: StoredStep): SessionRecord['stepList'][number] {
  return { number, executionId, status, code, ...(stateKept !== undefined && { stateKept }) }
}
