import { RequestError, type Journal, type JournalHeader, type ReplayVerdict } from '@codemode/shared'

import type { Sandbox } from '../sandbox/sandbox.ts'
import type { ExecutionStore } from '../store/execution-store.ts'
import type { StepJournal } from '../store/session-store.ts'
import type { ExecutionHandle } from './engine.ts'
import { replayInNewGuest } from './runner/replay-in-new-guest.ts'
import type { ReplayOutcome } from './runner/replay.ts'
import type { AttachedSessions } from './session/attached-sessions.ts'

/** Maximum number of replays at a time, so that they take little from executions. A tenant has at most one of them. */
const maxReplays = 2

interface ReplaysOptions {
  readonly sandbox: Pick<Sandbox, 'placeGuest'>
  readonly attachedSessions: Pick<AttachedSessions, 'get'>
  /** Absent if the executor has no store. */
  readonly store: Pick<ExecutionStore, 'sessions'> | undefined
}

/** Replays of executions of this executor on demand, which compare what the code does now with its journal. */
export class Replays {
  readonly #options: ReplaysOptions
  /** Tenants of the replays that run. */
  readonly #running = new Set<string>()

  constructor(options: ReplaysOptions) {
    this.#options = options
  }

  /**
   * Replays the journal of an execution up to now. Rejects with `RequestError` RATE_LIMITED while another replay of the tenant
   * runs, or too many of all tenants.
   */
  async replay(
    tenant: string,
    execution: Pick<ExecutionHandle, 'journal'>,
    signal: AbortSignal,
  ): Promise<ReplayVerdict> {
    if (this.#running.has(tenant)) throw tooManyReplays('A replay of your tenant runs on this node; the limit is 1', 1)
    if (this.#running.size >= maxReplays)
      throw tooManyReplays(`${maxReplays} replays run on this node, which is the limit`, maxReplays)
    this.#running.add(tenant)
    try {
      return await this.#replay(tenant, await execution.journal(), signal)
    } finally {
      this.#running.delete(tenant)
    }
  }

  async #replay(tenant: string, journal: Journal, signal: AbortSignal): Promise<ReplayVerdict> {
    const { header } = journal
    const earlier = await this.#earlierJournals(tenant, header)
    if (earlier === undefined) return unrunnable(`Earlier steps of the session ${header.session!.id} are not kept.`)
    // A process of its own: the execution may have crashed one.
    const placement = { tenant, isolation: 'execution', runtime: header.runtime.guestRuntime } as const
    return verdictOf(
      await replayInNewGuest(this.#options.sandbox, [...earlier, journal], { placement, signal }),
      header,
    )
  }

  /** Returns the journals of the steps from whose state a step starts; undefined if they are not known any more. */
  async #earlierJournals(
    tenant: string,
    { session, executionId }: JournalHeader,
  ): Promise<readonly StepJournal[] | undefined> {
    if (session === undefined) return []
    const attached = this.#options.attachedSessions.get(tenant, session.id)
    if (attached !== undefined) return attached.journalsBefore(session.step)
    const sessions = this.#options.store?.sessions
    const found = await sessions?.find(tenant, session.id)
    return found?.type === 'found' ? sessions?.journalsBefore(tenant, executionId) : undefined
  }
}

function verdictOf(outcome: ReplayOutcome, { runtime }: JournalHeader): ReplayVerdict {
  switch (outcome.type) {
    case 'replayed':
      return { verdict: 'same', turns: outcome.turns }
    case 'diverged': {
      const { turn, expected, actual } = outcome
      return { verdict: 'diverged', turn, expected, actual }
    }
    case 'stopped': {
      const message = 'The turn exceeded its time or memory in the replay. Try again when the executor is less busy.'
      return { verdict: 'stopped', turn: outcome.turn, message }
    }
    case 'unrunnable':
      return unrunnable(`The guest runtime ${runtime.guestRuntime} that wrote the journal does not start here.`)
    default:
      return unrunnable('The sandbox process ended during the replay.')
  }
}

function unrunnable(message: string): ReplayVerdict {
  return { verdict: 'unrunnable', message }
}

function tooManyReplays(message: string, limit: number): RequestError {
  return new RequestError('RATE_LIMITED', message, {
    details: { limit },
    retryAfterSeconds: 1,
    suggestion: 'Wait until one has ended, or replay the journal offline: codemode-executor replay FILE.',
  })
}
