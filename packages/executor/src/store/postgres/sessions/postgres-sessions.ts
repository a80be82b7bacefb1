import type { NewExecution } from '../../execution-store.ts'
import type {
  Forked,
  FoundSession,
  SessionBounds,
  SessionFacts,
  SessionListOptions,
  SessionStore,
  StepAdded,
  StepJournal,
  StoredSession,
  StoredStep,
} from '../../session-store.ts'
import type { ExecutionIds } from '../read-executions.ts'
import type { StoreParts } from '../store-parts.ts'
import { addStep } from './add-step.ts'
import { createSession } from './create-session.ts'
import { endSession } from './end-session.ts'
import { findSession, listSessions } from './find-sessions.ts'
import { forkSession } from './fork-session.ts'
import { readSteps } from './read-steps.ts'
import { resetSession } from './reset-session.ts'
import { readJournalsBefore } from './step-journals.ts'

interface PostgresSessionsOptions {
  readonly parts: StoreParts
  /** Called when an execution can be claimed. */
  readonly onWork: () => void
  /** Called when an execution has got a message. */
  readonly onMessage: (ids: ExecutionIds) => void
}

/** Durable sessions in PostgreSQL. */
export class PostgresSessions implements SessionStore {
  readonly #options: PostgresSessionsOptions
  /** Ends of the additions under way, by tenant and session. */
  readonly #adding = new Map<string, Promise<unknown>>()

  constructor(options: PostgresSessionsOptions) {
    this.#options = options
  }

  create(facts: SessionFacts): Promise<FoundSession & { readonly isNew: boolean }> {
    return createSession(this.#options.parts, facts)
  }

  find(tenant: string, id: string): Promise<FoundSession | undefined> {
    return findSession(this.#options.parts, { tenant, id })
  }

  list(tenant: string, options: SessionListOptions): Promise<readonly StoredSession[]> {
    return listSessions(this.#options.parts, tenant, options)
  }

  steps(tenant: string, id: string): Promise<readonly StoredStep[]> {
    return readSteps(this.#options.parts, { tenant, id })
  }

  async addStep(sessionId: string, execution: NewExecution, bounds: SessionBounds): Promise<StepAdded> {
    const { parts, onWork } = this.#options
    const place = `${sessionId} ${execution.facts.tenant}`
    const added = await this.#oneByOne(place, () => addStep(parts, { sessionId, execution, bounds }))
    if (added.type === 'created' && !added.waits) onWork()
    return added
  }

  fork(tenant: string, id: string, fork: Parameters<SessionStore['fork']>[2]): Promise<Forked> {
    return forkSession(this.#options.parts, { tenant, id }, fork)
  }

  reset(tenant: string, id: string): Promise<FoundSession | undefined> {
    return resetSession(this.#options.parts, { tenant, id })
  }

  async end(tenant: string, id: string): Promise<boolean> {
    const { parts, onMessage } = this.#options
    const cancelled = await endSession(parts, { tenant, id })
    for (const ids of cancelled ?? []) onMessage(ids)
    return cancelled !== undefined
  }

  journalsBefore(tenant: string, executionId: string): Promise<readonly StepJournal[]> {
    return readJournalsBefore(this.#options.parts, { tenant, id: executionId })
  }

  /** Adds steps of one session in the order of the calls: those that wait for its lock must not use up the connections. */
  async #oneByOne<Result>(place: string, add: () => Promise<Result>): Promise<Result> {
    const added = (this.#adding.get(place) ?? Promise.resolve()).then(add)
    const settled = added.catch(() => {})
    this.#adding.set(place, settled)
    try {
      return await added
    } finally {
      if (this.#adding.get(place) === settled) this.#adding.delete(place)
    }
  }
}
