import {
  callNumberOf,
  type ExecutionFailure,
  type ExecutionStatus,
  type Journal,
  type RequestError,
  type ToolResponse,
} from '@codemode/shared'

import type { ListedExecution } from '../../store/execution-list.ts'
import type { EndedExecution } from '../../store/execution-store.ts'
import type { RequestedApproval } from '../../store/stored-approval.ts'
import type { ExecutionTrace } from '../../tracing/spans.ts'
import type { Permit } from './admission.ts'
import { refuseAnswer } from '../approvals.ts'
import { servedByAnother } from '../detached/serving-lease.ts'
import type { ObservedExecution } from '../engine-observer.ts'
import type { AttachedInMemory } from '../executions-list.ts'
import type { DetachedHandle, EventOptions, EventText, ExecutionHandle } from '../engine.ts'
import { ReaderWatchdog } from './reader-watchdog.ts'
import { ExecutionRunner } from '../runner/execution-runner.ts'
import type { Parking, RunnerParts } from '../runner/runner-options.ts'
import { cancelled, notAdmitted, notStoredForApproval, type WallTimeout } from '../runner/failures.ts'
import type { AttachedRealm } from '../session/attached-realm.ts'
import type { CallState } from '../state/call-table.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { pendingApprovals } from '../state/pending-approval.ts'
import type { JournalLog } from '../state/journal-log.ts'
import { readEvents } from '../state/read-events.ts'
import { endOf } from '../state/outcome.ts'
import { heapBytesOfState, pausedOf, recordOf, resultOf } from '../state/report.ts'

interface AttachedExecutionOptions extends RunnerParts {
  readonly observed: ObservedExecution
  readonly journal: JournalLog
  readonly trace: ExecutionTrace
  readonly bodyHash: string
  readonly owner: string
  readonly label: string | undefined
  readonly node: string
  readonly permit: Permit
  /** Whether the execution is accepted without a permit: it ends if admission control refuses it. */
  readonly isAccepted: boolean
  /** Takes answers that come over the client's stream; undefined when tools are called by callback. */
  readonly answerStreamedCall: ((callId: string, response: ToolResponse) => boolean) | undefined
  /** Realm of the session whose step the execution is. */
  readonly realm?: AttachedRealm | undefined
  /** Makes the execution a detached one by its journal; absent without a store. */
  readonly promote: Promote | undefined
  /** Returns the timeout of the whole run, given the milliseconds in the queue. */
  readonly wallTimeoutOf: (queuedMs: number) => WallTimeout
  readonly disconnectGraceMs: number
  onFinished(execution: AttachedExecution): void
}

/** Journal of an attached execution that becomes a detached one, with what the store needs besides it. */
export interface PromotedJournal {
  readonly journal: Journal
  readonly requested: readonly RequestedApproval[]
  readonly epoch: number
  readonly startedAt: number
  readonly wakeAt: number | undefined
}

/** Stores an attached execution as a detached one, and resolves with it; with undefined if it was not stored. */
type Promote = (promoted: PromotedJournal) => Promise<Pick<DetachedHandle, 'cancel'> | undefined>

/** Memory of an ended `AttachedExecution` itself in bytes, as measured. */
const ownHeapBytes = 4 * 1024

/**
 * Attached execution, from its request to the time when its result is forgotten: `queued → running → completed | failed |
 * cancelled`. After the end it keeps only what can still be read.
 */
export class AttachedExecution implements ExecutionHandle {
  readonly bodyHash: string
  /** An attached execution has no expiry. */
  readonly expiresAfterMs = undefined
  readonly owner: string
  readonly admitted: Promise<void>
  readonly finished: Promise<void>
  #isAccepted: boolean
  readonly #journal: JournalLog
  readonly #label: string | undefined
  readonly #state: ExecutionState
  readonly #readers: ReaderWatchdog
  readonly #now: () => number
  /** Record of the execution in the store: it is there, it may be there already or soon, or it will never be. */
  recording: AttachedInMemory['recording'] = 'possible'
  #isPromoted = false
  /** Last attempt to make the execution a detached one. */
  #promotion: ReturnType<Promote> | undefined
  /** Parts that are needed only while the execution runs; undefined after its end or its refusal. */
  #running:
    | { readonly runner: ExecutionRunner; readonly answerCall: AttachedExecutionOptions['answerStreamedCall'] }
    | undefined

  constructor(options: AttachedExecutionOptions) {
    const { journal, permit, wallTimeoutOf, node, now } = options
    this.bodyHash = options.bodyHash
    this.owner = options.owner
    this.#journal = journal
    this.#label = options.label
    this.#now = now
    const state = new ExecutionState(journal.header)
    this.#state = state
    this.#readers = new ReaderWatchdog(options.disconnectGraceMs, (text) => this.stop(text))
    const finished = Promise.withResolvers<void>()
    const runner = new ExecutionRunner({
      ...options,
      state,
      // The journal in memory is the only one, so there is nothing to wait for.
      append: () => undefined,
      sendsAnswersAhead: true,
      ...(options.promote && { parking: this.#parking(options.promote) }),
      onTurnRequested: () => permit.started(),
      onEnded: () => end(),
    })
    const end = (): void => {
      this.#release()
      permit.release()
      options.onFinished(this)
      finished.resolve()
    }
    this.#running = { runner, answerCall: options.answerStreamedCall }
    this.finished = finished.promise
    this.#isAccepted = options.isAccepted
    this.admitted = Promise.race([
      options.isAccepted ? permit.admitted.catch(() => this.finished) : permit.admitted,
      this.finished,
    ])
    permit.admitted.then(
      async () => {
        this.#isAccepted = true
        await runner.run({ epoch: 1, node, wallTimeout: wallTimeoutOf(now() - state.createdAt) })
        if (this.#isPromoted) end()
      },
      (refusal: RequestError) => (this.#isAccepted ? this.fail(notAdmitted(refusal)) : this.#refused(runner, refusal)),
    )
  }

  get isAccepted(): boolean {
    return this.#isAccepted
  }

  get id(): string {
    return this.#journal.header.executionId
  }

  get label(): string | undefined {
    return this.#label
  }

  get code(): string {
    return this.#journal.header.code
  }

  get state(): ExecutionState {
    return this.#state
  }

  get status(): ExecutionStatus {
    return this.#state.status
  }

  get hasEnded(): boolean {
    return this.#state.hasEnded
  }

  /** Whether the session of the step has the state after it. */
  get isStateKept(): boolean {
    return this.#state.isStateKept
  }

  /** Size of the journal in bytes. */
  get journalBytes(): number {
    return this.#journal.sizeBytes
  }

  get cpuMs(): number {
    return this.#state.cpuMs
  }

  get correlationId(): string {
    return this.#journal.header.correlationId
  }

  /** Memory that the execution retains after its end, in bytes. */
  get heapBytes(): number {
    return ownHeapBytes + this.#journal.heapBytes + heapBytesOfState(this.#state)
  }

  get createdAt(): number {
    return this.#state.createdAt
  }

  /** True if it is a step of a session. */
  get isStep(): boolean {
    return this.#state.header.session !== undefined
  }

  /** The execution as lists have it. */
  get listed(): ListedExecution {
    const { header, status, createdAt, startedAt, finishedAt, outcome } = this.#state
    const { executionId: id, correlationId, session } = header
    return {
      facts: { id, owner: this.owner, correlationId, ...(this.#label !== undefined && { label: this.#label }) },
      isAttached: true,
      status,
      createdAt,
      ...(startedAt !== undefined && { startedAt }),
      ...(finishedAt !== undefined && { finishedAt }),
      ...(outcome !== undefined && outcome.status !== 'completed' && { error: outcome.error }),
      ...(session !== undefined && { session }),
    }
  }

  /** Resolves when the execution has ended, or was refused by admission control. */
  get settled(): Promise<void> {
    return this.admitted.then(
      () => this.finished,
      () => {},
    )
  }

  /** Journal and final state, for the record in the store; undefined before the end. */
  get ended(): Pick<EndedExecution, 'journal' | 'end'> | undefined {
    const { outcome, startedAt, finishedAt } = this.#state
    if (outcome === undefined || finishedAt === undefined) return undefined
    return {
      journal: this.#journal,
      end: { ...endOf(outcome, finishedAt), ...(startedAt !== undefined && { startedAt }) },
    }
  }

  /** Whether the execution has become a detached one. */
  get isPromoted(): boolean {
    return this.#isPromoted
  }

  events({ isServing, ...options }: EventOptions): AsyncIterable<EventText> {
    if (isServing) throw servedByAnother(this.id)
    // Over a callback, the request of the call has the context.
    const traceOf = this.#running?.answerCall && (({ number }: CallState) => this.#running?.runner.traceOf(number))
    return readEvents(this.#journal, { ...options, traceOf, endsAtPromotion: true })
  }

  attachReader(): () => void {
    return this.#readers.attach()
  }

  /** Ends the execution with a failure, unless it has ended. */
  fail(error: ExecutionFailure): void {
    this.#running?.runner.stop(error)
  }

  cancel(reason?: string): void | Promise<void> {
    this.stop(reason)
    return this.#promotion?.then((detached) => detached?.cancel(reason))
  }

  /** Ends the execution as CANCELLED, unless it becomes a detached one, which needs neither its client nor this node. */
  stop(reason?: string): void {
    this.#running?.runner.stop(cancelled(reason))
  }

  answerCall(callId: string, response: ToolResponse): boolean {
    const number = callNumberOf(this.id, callId)
    if (number === undefined || this.#running === undefined) return false
    const call = this.#state.calls.open(number)
    if (call?.status === 'paused') return refuseAnswer(response, { executionId: this.id, callId })
    if (call?.status === 'deferred') return this.#running.runner.answer(number, response)
    return this.#running.answerCall?.(callId, response) ?? false
  }

  journal(after = 0): Journal {
    return this.#journal.snapshot(after)
  }

  countEntries(): number {
    return this.#journal.entries.length
  }

  result(): string {
    return (this.#isPromoted ? pausedOf(this.#state) : resultOf(this.#state)).text
  }

  record(): string {
    return recordOf(this.#state, this, this.#now()).text
  }

  /** Returns the way to park the execution when it can only continue by approvals: it becomes a detached one. */
  #parking(promote: Promote): Parking {
    const state = this.#state
    return {
      keepsDiverged: false,
      failureAtTimeout: notStoredForApproval,
      delayMs: () => (state.isPaused ? 0 : undefined),
      park: async (entry) => {
        const { header, entries } = this.#journal.snapshot()
        const park = { ...entry, isPromotion: true as const }
        this.#promotion = promote({
          journal: { header, entries: [...entries, park] },
          requested: pendingApprovals(state),
          epoch: state.epoch,
          startedAt: state.startedAt!,
          wakeAt: entry.until,
        })
        this.#isPromoted = (await this.#promotion) !== undefined
        return this.#isPromoted ? park : undefined
      },
    }
  }

  /** Handles a refusal by admission control: the code has not run, and a later request may use the same id. */
  #refused(runner: ExecutionRunner, { code }: RequestError): void {
    this.#release()
    runner.refuse(code)
  }

  #release(): void {
    this.#running = undefined
    this.#readers.stop()
  }
}
