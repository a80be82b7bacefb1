// Durable sessions of the store in memory. Their steps are executions of that store.
import { isDeepStrictEqual } from 'node:util'

import { isFinal, type ExecutionStatus, type JournalEntry, type JournalHeader } from '@codemode/shared'

import { byPlace, comesAfter } from '../engine/session/session-order.ts'
import type { Created, NewExecution } from './execution-store.ts'
import {
  reachedBound,
  type Forked,
  type FoundSession,
  type LeasedStep,
  type SessionBounds,
  type SessionFacts,
  type SessionListOptions,
  type SessionStore,
  type StepAdded,
  type StepEnd,
  type StepJournal,
  type StoredSession,
  type StoredStep,
} from './session-store.ts'

/** Part of an execution's row that its session needs. */
interface StepRow {
  readonly header: JournalHeader
  readonly entries: readonly JournalEntry[]
  readonly status: ExecutionStatus
}

/** Executions of the store. */
interface StepRows {
  find(this: void, id: string): StepRow
  create(this: void, execution: NewExecution, isDue: boolean): Promise<Created>
  has(this: void, execution: NewExecution): boolean
  cancel(this: void, id: string): void
}

interface Step {
  readonly number: number
  readonly executionId: string
}

interface Session {
  readonly facts: SessionFacts
  readonly createdAt: number
  lastUsedAt: number
  lastStep: number
  baseStep: number
  runtime: JournalHeader['runtime'] | undefined
  endedAt: number | undefined
  steps: Step[]
}

/** Place of an execution in the session to which it was added. */
interface Place extends Step {
  readonly session: Session
  readonly baseStep: number
}

export class MemorySessions implements SessionStore {
  readonly #rows: StepRows
  readonly #sessions = new Map<string, Session>()
  readonly #places = new Map<string, Place>()
  readonly #ends = new Map<string, StepEnd>()

  constructor(rows: StepRows) {
    this.#rows = rows
  }

  async create(facts: SessionFacts): Promise<FoundSession & { readonly isNew: boolean }> {
    const found = await this.find(facts.tenant, facts.id)
    if (found !== undefined) return { ...found, isNew: false }
    const now = Date.now()
    const session = { facts, createdAt: now, lastUsedAt: now, lastStep: 0, baseStep: 0, steps: [] }
    return { type: 'found', session: this.#add({ ...session, runtime: undefined, endedAt: undefined }), isNew: true }
  }

  async find(tenant: string, id: string): Promise<FoundSession | undefined> {
    const session = this.#get(tenant, id)
    if (session === undefined) return undefined
    return session.endedAt === undefined ? { type: 'found', session: this.#stored(session) } : { type: 'ended' }
  }

  async list(tenant: string, { owner, label, limit, before }: SessionListOptions): Promise<readonly StoredSession[]> {
    return [...this.#sessions.values()]
      .filter(({ facts }) => facts.tenant === tenant && this.#get(tenant, facts.id)!.endedAt === undefined)
      .filter(({ facts }) => (owner ?? facts.owner) === facts.owner && (label ?? facts.label) === facts.label)
      .map((session) => ({ session, place: { createdAt: session.createdAt, id: session.facts.id } }))
      .filter(({ place }) => before === undefined || comesAfter(place, before))
      .toSorted(byPlace)
      .slice(0, limit)
      .map(({ session }) => this.#stored(session))
  }

  async steps(tenant: string, id: string): Promise<readonly StoredStep[]> {
    const session = this.#get(tenant, id)
    return session === undefined ? [] : this.#current(session).map((step) => this.#storedStep(step))
  }

  async addStep(id: string, execution: NewExecution, bounds: SessionBounds): Promise<StepAdded> {
    const session = this.#get(execution.facts.tenant, id)
    if (this.#rows.has(execution)) return (await this.#rows.create(execution, false)) as StepAdded
    if (session === undefined) return { type: 'no-session' }
    if (session.endedAt !== undefined) return { type: 'session-ended' }
    const bound = reachedBound({ steps: this.#current(session).length, ...this.#sums(this.#current(session)) }, bounds)
    if (bound !== undefined) return { type: 'full', bound }
    const { header } = execution
    if (session.runtime !== undefined && !isDeepStrictEqual(session.runtime, header.runtime))
      return { type: 'other-runtime', runtime: session.runtime }
    const number = session.lastStep + 1
    const waits = this.#pending(session).length > 0
    const step = { number, executionId: execution.facts.id }
    this.#places.set(step.executionId, { ...step, session, baseStep: session.baseStep })
    const creating = this.#rows.create({ ...execution, header: { ...header, session: { id, step: number } } }, !waits)
    // The step before may end while this function waits, and then has to find this one.
    session.steps.push(step)
    const created = await creating
    if (created.type !== 'created') {
      session.steps.splice(session.steps.indexOf(step), 1)
      return created
    }
    session.lastStep = number
    session.runtime = header.runtime
    session.lastUsedAt = Date.now()
    return { type: 'created', number, waits }
  }

  async fork(
    tenant: string,
    id: string,
    fork: { readonly id: string; readonly label: string | undefined; readonly atStep: number | undefined },
  ): Promise<Forked> {
    const session = this.#get(tenant, id)
    if (session === undefined) return { type: 'no-session' }
    if (session.endedAt !== undefined) return { type: 'session-ended' }
    if (this.#get(tenant, fork.id) !== undefined) return { type: 'exists' }
    const { lastStep } = session
    const { atStep: wanted = 0 } = fork
    if (wanted > lastStep || (wanted > 0 && wanted <= session.baseStep)) return { type: 'no-step', lastStep }
    if (this.#pending(session).some(({ number }) => number === wanted)) return { type: 'not-ended' }
    const ended = this.#current(session).filter(({ executionId }) => this.#hasEnded(executionId))
    const atStep = fork.atStep ?? ended.at(-1)?.number ?? session.baseStep
    const now = Date.now()
    const stored = this.#add({
      ...session,
      facts: { ...session.facts, id: fork.id, label: fork.label },
      createdAt: now,
      lastUsedAt: now,
      lastStep: atStep,
      steps: ended.filter(({ number }) => number <= atStep),
    })
    return { type: 'created', session: stored }
  }

  async reset(tenant: string, id: string): Promise<FoundSession | undefined> {
    const session = this.#get(tenant, id)
    if (session?.endedAt === undefined && session !== undefined) {
      session.baseStep = session.lastStep
      session.runtime = undefined
      session.lastUsedAt = Date.now()
    }
    return this.find(tenant, id)
  }

  async end(tenant: string, id: string): Promise<boolean> {
    const session = this.#get(tenant, id)
    if (session === undefined || session.endedAt !== undefined) return false
    this.#end(session)
    return true
  }

  async journalsBefore(_tenant: string, executionId: string): Promise<readonly StepJournal[]> {
    return this.#before(executionId).map(({ executionId: id }) => this.#rows.find(id))
  }

  /** Returns the place of an execution for its lease; undefined if it is no step. */
  leasedStep(executionId: string): LeasedStep | undefined {
    const place = this.#places.get(executionId)
    if (place === undefined) return undefined
    const before = this.#before(executionId)
    return {
      session: place.session.facts.id,
      isBlocked: this.#pending(place.session).some(({ number }) => number < place.number),
      stateOf: before.at(-1)?.executionId,
      rebuild: this.#sums(before),
    }
  }

  /** Takes the end of a step. Returns the id of the next step if it has not begun. */
  ended(executionId: string, end: StepEnd | undefined): string | undefined {
    const place = this.#places.get(executionId)
    if (place === undefined) return undefined
    this.#ends.set(executionId, end!)
    place.session.lastUsedAt = Date.now()
    const next = this.#pending(place.session)[0]?.executionId
    return next !== undefined && this.#rows.find(next).status === 'queued' ? next : undefined
  }

  #add(session: Session): StoredSession {
    this.#sessions.set(`${session.facts.tenant} ${session.facts.id}`, session)
    return this.#stored(session)
  }

  #get(tenant: string, id: string): Session | undefined {
    const session = this.#sessions.get(`${tenant} ${id}`)
    if (session === undefined || session.endedAt !== undefined) return session
    const isOver = Date.now() > session.lastUsedAt + session.facts.idleTimeoutMs
    if (isOver && this.#pending(session).length === 0) this.#end(session)
    return session
  }

  #end(session: Session): void {
    const pending = this.#pending(session)
    session.endedAt = Date.now()
    for (const { executionId } of pending) this.#rows.cancel(executionId)
  }

  #current({ steps, baseStep }: Session): Step[] {
    return steps.filter(({ number }) => number > baseStep)
  }

  #pending({ steps }: Session): Step[] {
    return steps.filter(({ executionId }) => !this.#hasEnded(executionId))
  }

  #hasEnded(executionId: string): boolean {
    return isFinal(this.#rows.find(executionId).status)
  }

  /** Returns the earlier steps whose state a step starts from. */
  #before(id: string): Step[] {
    const { session, number, baseStep } = this.#places.get(id)!
    return session.steps.filter(
      (step) => baseStep < step.number && step.number < number && this.#ends.get(step.executionId)?.stateKept === true,
    )
  }

  /** Returns the size of the journals of steps that have ended, and their CPU time. */
  #sums(steps: readonly Step[]): LeasedStep['rebuild'] {
    const ends = steps.map(({ executionId }) => this.#ends.get(executionId)).filter((end) => end !== undefined)
    return {
      journalBytes: ends.reduce((sum, { journalBytes }) => sum + journalBytes, 0),
      replayCpuMs: ends.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    }
  }

  #stored(session: Session): StoredSession {
    const { facts, createdAt, lastUsedAt } = session
    const current = this.#current(session)
    return {
      facts,
      createdAt,
      lastUsedAt,
      steps: current.length,
      pendingSteps: this.#pending(session).length,
      sizeBytes: this.#sums(current).journalBytes,
    }
  }

  #storedStep({ number, executionId }: Step): StoredStep {
    const { status, header } = this.#rows.find(executionId)
    const end = this.#ends.get(executionId)
    return { number, executionId, status, code: header.code, stateKept: end?.stateKept, variables: end?.variables }
  }
}
