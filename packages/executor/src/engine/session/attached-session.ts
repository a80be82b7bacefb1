import {
  newSessionId,
  type ForkRequest,
  type SessionRecord,
  type SessionStep,
  type SessionSummary,
} from '@codemode/shared'

import { reachedBound, type SessionFacts, type SessionPlace, type StepJournal } from '../../store/session-store.ts'
import type { Permit } from '../attached/admission.ts'
import type { AttachedExecution } from '../attached/attached-execution.ts'
import { sessionBounds, sessionFull } from './session-bounds.ts'
import type { SessionHandle } from './session-handle.ts'
import { noSuchStep, stepNotEnded } from './session-refusals.ts'
import { summaryOf } from './session-summary.ts'
import { AttachedRealm } from './attached-realm.ts'
import { StepPermit } from './step-permit.ts'

/** Step that was accepted. */
interface Step {
  readonly number: number
  readonly execution: AttachedExecution
}

/** Part of the sessions of this node that a session needs. */
export interface SessionOwner {
  readonly now: () => number
  /** Adds a fork. */
  add(session: AttachedSession): AttachedSession
  /** Forgets a session that ends. */
  remove(session: AttachedSession): void
}

/** Session in the memory of this node. */
export class AttachedSession implements SessionHandle {
  readonly isDurable = false
  readonly facts: SessionFacts
  readonly createdAt: number
  readonly #owner: SessionOwner
  readonly #now: () => number
  #realm: AttachedRealm
  #steps: Step[] = []
  #lastUsedAt: number
  /** Number of the last step that was accepted. */
  #lastNumber = 0
  /** Resolves when all accepted steps have ended. */
  #tail: Promise<void> = Promise.resolve()
  #pending = 0
  #sizeBytes = 0
  #cpuMs = 0

  constructor(facts: SessionFacts, owner: SessionOwner, realm = new AttachedRealm()) {
    this.facts = facts
    this.#owner = owner
    this.#now = owner.now
    this.createdAt = owner.now()
    this.#lastUsedAt = this.createdAt
    this.#realm = realm
  }

  get place(): SessionPlace {
    return { createdAt: this.createdAt, id: this.facts.id }
  }

  get realm(): AttachedRealm {
    return this.#realm
  }

  /** Size of the journals of the steps in bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get lastUsedAt(): number {
    return this.#lastUsedAt
  }

  /** Whether no step runs or waits. */
  get isIdle(): boolean {
    return this.#pending === 0
  }

  /** Time at which the session expires if there is no further step; `Infinity` while a step runs or waits. */
  get expiresAt(): number {
    return this.isIdle ? this.#lastUsedAt + this.facts.idleTimeoutMs : Infinity
  }

  /** Returns the journals of the steps from whose state a step starts; undefined if it was added before the last reset. */
  journalsBefore(step: number): readonly StepJournal[] | undefined {
    if (!this.#steps.some(({ number }) => number === step)) return undefined
    return this.#realm.steps.filter(({ header }) => header.session!.step < step)
  }

  /** Returns the number of the next step. Throws `RequestError` SESSION_FULL if the session has reached one of its bounds. */
  nextNumber(): number {
    this.#requireRoom({ steps: this.#steps.length })
    return this.#lastNumber + 1
  }

  /**
   * Returns the permit of a step that has to wait for earlier ones. It is requested when they have ended, and refused if they have
   * used what a session may use.
   */
  laterPermit(requestPermit: () => Permit): Permit {
    return new StepPermit(this.#tail, () => {
      this.#requireRoom()
      return requestPermit()
    })
  }

  /** Adds the step with the next number. */
  add(execution: AttachedExecution): void {
    const number = (this.#lastNumber += 1)
    this.#steps.push({ number, execution })
    this.#pending += 1
    this.#lastUsedAt = this.#now()
    const { journalBytes } = execution
    this.#sizeBytes += journalBytes
    const ended = execution.settled.then(() => this.#ended(execution, journalBytes))
    // A step may end before its turn: when it is cancelled, or has a syntax error.
    this.#tail = this.#tail.then(() => ended)
  }

  /** Starts over without variables, after the steps that were accepted. */
  async reset(): Promise<SessionRecord> {
    const last = this.#lastNumber
    await this.#tail
    this.#realm.reset()
    // Steps that were accepted meanwhile have not started.
    this.#steps = this.#steps.filter(({ number }) => number > last)
    this.#sizeBytes = this.#steps.reduce((sum, { execution }) => sum + execution.journalBytes, 0)
    this.#cpuMs = 0
    this.#lastUsedAt = this.#now()
    return this.record()
  }

  /** Creates a session with the state after the given step, by default the last one that has ended. */
  fork({ id = newSessionId(), label = this.facts.label, atStep = Infinity }: ForkRequest): AttachedSession {
    if (atStep !== Infinity && atStep !== 0) this.#requireEnded(atStep)
    const fork = new AttachedSession({ ...this.facts, id, label }, this.#owner, this.#realm.forkAt(atStep))
    fork.#steps = this.#steps.filter(({ number, execution }) => number <= atStep && execution.hasEnded)
    fork.#lastNumber = fork.#steps.at(-1)?.number ?? 0
    for (const { execution } of fork.#steps) fork.#count(execution)
    return this.#owner.add(fork)
  }

  end(): SessionRecord {
    this.#owner.remove(this)
    this.close()
    return this.record()
  }

  /** Cancels the steps that have not ended, and frees the guest. */
  close(): void {
    for (const { execution } of this.#steps) void execution.cancel('the session was ended')
    void this.#tail.then(() => this.#realm.close())
  }

  summary(): SessionSummary {
    const { facts, createdAt, lastUsedAt, sizeBytes } = this
    const counts = { steps: this.#steps.length, pendingSteps: this.#pending, sizeBytes }
    return summaryOf({ facts, createdAt, lastUsedAt, ...counts }, { durable: false })
  }

  record(): SessionRecord {
    return {
      ...this.summary(),
      context: this.facts.context,
      variables: [...this.#realm.variables],
      stepList: this.#steps.map(stepOf),
    }
  }

  /** Counts a step that has ended; `countedBytes` is the size of its journal when it was accepted. */
  #ended(execution: AttachedExecution, countedBytes: number): void {
    this.#pending -= 1
    this.#lastUsedAt = this.#now()
    this.#sizeBytes -= countedBytes
    this.#count(execution)
    this.#realm.ended(execution.isStateKept ? execution.journal() : undefined)
  }

  #requireEnded(step: number): void {
    const found = this.#steps.find(({ number }) => number === step)
    if (found === undefined) throw noSuchStep(this.facts.id, step, this.#lastNumber)
    if (!found.execution.hasEnded) throw stepNotEnded(this.facts.id, step)
  }

  /** Throws `RequestError` SESSION_FULL if a step may not run. `steps` is their number when one is added. */
  #requireRoom({ steps = 0 } = {}): void {
    const used = { steps, journalBytes: this.#sizeBytes, replayCpuMs: this.#cpuMs }
    const bound = reachedBound(used, sessionBounds)
    if (bound !== undefined) throw sessionFull(this.facts.id, bound)
  }

  #count({ journalBytes, cpuMs }: AttachedExecution): void {
    this.#sizeBytes += journalBytes
    this.#cpuMs += cpuMs
  }
}

function stepOf({ number, execution }: Step): SessionStep {
  const { id, status, code, hasEnded, isStateKept } = execution
  return { number, executionId: id, status, code, ...(hasEnded && { stateKept: isStateKept }) }
}
