import type { Delivery, ExecutionFailure, JournalEntry, ToolResponse } from '@codemode/shared'
import type { TraceContext } from '@codemode/shared/internal'

import { endExecutionSpan } from '../../tracing/spans.ts'
import { LeaseLost } from '../../store/execution-store.ts'
import type { DecisionMade } from '../../store/stored-approval.ts'
import { CallContinues } from '../../tools/transport.ts'
import type { TurnLogs } from '../state/effects-account.ts'
import type { Changes } from '../state/changes.ts'
import { takesPostedResponse } from '../state/posted-response.ts'
import { answersAhead } from './answers-ahead.ts'
import { CallEntries, type CallEntry } from './call-entries.ts'
import { CallRunner } from './call-runner.ts'
import {
  executionTimeout,
  failedByBug,
  failure,
  journalTooLarge,
  neverSettles,
  protocolViolation,
  stoppedByLimit,
  type WallTimeout,
} from './failures.ts'
import type { GuestTurn } from './guest-turn.ts'
import { JournalWriter } from './journal-writer.ts'
import { Parker } from './parker.ts'
import { endedByHostAt } from './replay.ts'
import { reportChanges } from './report-changes.ts'
import { RestorableGuest } from './restorable-guest.ts'
import type { Claim, ExecutionRunnerOptions } from './runner-options.ts'
import { WakeUp } from './wake-up.ts'

/** Milliseconds after which messages that could not be read are read again. */
const messagesRetryMs = 500

type CompletedTurn = Extract<GuestTurn, { type: 'turn' }>

/** Costs and logs of a turn that the host stopped. */
type StoppedTurn = { readonly cpuMs: number } & Partial<TurnLogs>

/**
 * Runner of one execution on one node: a loop that runs a turn or waits for the next delivery. Everything that happens
 * becomes a journal entry first. The entry changes the state, and the runner performs what follows from the change.
 */
export class ExecutionRunner {
  readonly #options: ExecutionRunnerOptions
  readonly #writer: JournalWriter
  readonly #guest: RestorableGuest
  readonly #calls: CallRunner
  readonly #callEntries: CallEntries
  readonly #parker: Parker
  readonly #wakeUp = new WakeUp()
  #wallTimeout: WallTimeout | undefined
  #deadlineTimer: NodeJS.Timeout | undefined
  /** Time at which the timeout of the execution expires. */
  #endsAt = Infinity
  #stoppedTurn: StoppedTurn | undefined
  /** First decision of the host to end the execution; the loop checks it at its next step. */
  #stopReason: ExecutionFailure | undefined
  /** Whether this node no longer runs the execution, although it has not ended: it was parked, suspended or taken over. */
  #hasLeft = false
  /** Whether a turn runs, or was stopped: its effects are in no journal. */
  #isInTurn = false
  /** Time of the next turn, for the answer that is due next, if the guest has begun it. */
  #begunAt: number | undefined
  /** Whether the end that the host has set is written, if not yet committed. */
  #isEnding = false

  constructor(options: ExecutionRunnerOptions) {
    this.#options = options
    const { sandbox, journal, state, append, placement } = options
    this.#guest = new RestorableGuest({ sandbox, journal, state, placement, realm: options.realm })
    this.#writer = new JournalWriter({
      journal,
      state,
      append,
      onChanges: (changes, entry) => this.#perform(changes, entry),
      onRefused: (error) => this.#refused(error),
    })
    this.#callEntries = new CallEntries({
      state,
      at: () => this.#at(),
      write: (entry) => this.#writeCallEntry(entry),
      stop: (error) => this.stop(error),
    })
    this.#parker = new Parker({
      parking: options.parking,
      state,
      writer: this.#writer,
      callEntries: this.#callEntries,
      wakeUp: this.#wakeUp,
      now: options.now,
      at: () => this.#at(),
      onParked: () => this.#leave('the execution was parked'),
    })
    this.#calls = new CallRunner({
      state,
      transport: options.transport,
      pacer: options.pacer,
      trace: options.trace.calls,
      now: options.now,
      canAskForApprovals: options.parking !== undefined && journal.header.approvals !== 'client',
      entries: this.#callEntries,
      onFailedByBug: (error) => this.#failByBug(error),
    })
  }

  /** Runs the execution under a claim, to its end or until it is parked, suspended or taken over. Never rejects. */
  async run(claim: Claim): Promise<void> {
    try {
      await this.#runTurns(claim)
    } catch (error) {
      this.#failByBug(error)
    }
    // What waits behind another commit is lost if the caller gives the claim back before it.
    await this.#writer.flush()
  }

  /** Ends the execution with a failure, unless it has ended or is about to. */
  stop(error: ExecutionFailure): void {
    if (this.#isOver) return
    this.#stopReason = error
    // Between two turns, the guest may be that of a session, which gets it back when the end is written.
    if (this.#isInTurn) this.#guest.close()
    this.#wakeUp.wake()
    if (this.#wallTimeout === undefined) this.#finish(error)
  }

  /** Stops running the execution without ending it. Another claim can continue it from its journal. */
  suspend(): void {
    if (!this.#options.state.hasEnded) this.#leave('the node gives the execution to another one')
  }

  /** Takes the response to an open call that did not come over the call's own connection. Returns false if it is late. */
  answer(number: number, response: ToolResponse): boolean {
    const call = this.#options.state.calls.open(number)
    if (this.#isOver || call === undefined || !takesPostedResponse(this.#options.state, call, response)) return false
    this.#calls.answer(call, response)
    return true
  }

  /** Starts the span of a call in flight, unless it is open, and returns its context; undefined for other calls, and without tracing. */
  traceOf(number: number): TraceContext | undefined {
    const call = this.#options.state.calls.open(number)
    return this.#isOver || call?.status !== 'running' ? undefined : this.#calls.traceOf(call)
  }

  /** Takes the decision about a paused call. Has no effect on a call that is not paused. */
  decide(number: number, decision: DecisionMade): void {
    const call = this.#options.state.calls.open(number)
    if (!this.#isOver && call?.status === 'paused') this.#callEntries.decide(call, decision)
  }

  /** Ends the trace of an execution that was not admitted. Its code has not run. */
  refuse(code: string): void {
    endExecutionSpan(this.#options.trace.span, { code })
  }

  /** Returns the commits under way; undefined if the state has all entries that were written. */
  flush(): Promise<void> | undefined {
    return this.#writer.flush()
  }

  get #isOver(): boolean {
    return this.#stopReason !== undefined || this.#options.state.hasEnded || this.#hasLeft
  }

  #failureAtTimeout(timeout: WallTimeout): ExecutionFailure {
    const { parking, state } = this.#options
    return (state.isPaused ? parking?.failureAtTimeout?.(timeout) : undefined) ?? executionTimeout(timeout)
  }

  async #runTurns({
    epoch,
    node,
    wallTimeout,
    leftMs = wallTimeout.timeoutMs,
    heldMs,
    servedBy,
  }: Claim): Promise<void> {
    if (this.#isOver) return
    const { state } = this.#options
    const at = this.#at()
    this.#wallTimeout = wallTimeout
    this.#deadlineTimer = setTimeout(() => this.stop(this.#failureAtTimeout(wallTimeout)), leftMs)
    this.#endsAt = at + leftMs
    const served = servedBy !== undefined && { servedBy }
    this.#writer.write({ type: 'claim', at, epoch, node, endsAt: this.#endsAt, ...served }, { heldMs })
    // The first turn runs during the commit of the claim: its own entry, and what follows from it, comes after the claim.
    if (state.turns > 0) await this.#writer.committing
    if (!this.#isOver) this.#whenConfirmed(() => this.#calls.resume())
    while (!this.#isOver) {
      const delivery = state.dueDelivery(this.#at())
      if (delivery !== undefined) await this.#turn(delivery)
      else if (state.neverSettles) this.stop(neverSettles())
      else if (this.#callEntries.isOverdue) await this.#settleOverdue()
      else if (!(await this.#parker.park())) await this.#waitForDelivery()
    }
    if (this.#stopReason !== undefined) this.#finish(this.#stopReason)
  }

  /** Settles a held call whose time is over. A decision that was accepted before may wait in the inbox, and precedes it. */
  async #settleOverdue(): Promise<void> {
    const { takeMessages } = this.#options
    if (takeMessages !== undefined && !(await takeMessages())) return this.#wakeUp.wait(messagesRetryMs)
    if (this.#isOver) return
    await this.#writer.committing
    if (!this.#isOver) this.#callEntries.settleOverdue()
    await this.#writer.committing
  }

  async #waitForDelivery(): Promise<void> {
    if (this.#isOver || this.#options.state.dueDelivery(this.#at()) !== undefined) return
    await this.#parker.wait()
  }

  async #turn(delivery: Delivery): Promise<void> {
    const { journal, state, now, sendsAnswersAhead = false } = this.#options
    const at = this.#begunAt ?? this.#at()
    const mayFollow = sendsAnswersAhead && this.#begunAt === undefined && delivery.kind === 'answer'
    const ahead = mayFollow ? answersAhead(this.#options, at) : []
    this.#isInTurn = true
    const pending = this.#guest.turn(journal.guestDelivery(delivery, at), () => this.#endsAt - now(), ahead)
    this.#options.onTurnRequested()
    const turn = await pending
    switch (turn.type) {
      case 'turn':
        return this.#commitTurn(turn, delivery, at)
      case 'stopped':
        this.#stoppedTurn = { cpuMs: turn.cpuMs, ...state.effects.checkedLogs(turn) }
        return this.stop(
          stoppedByLimit({ ...turn, cpuMs: state.cpuMs + turn.cpuMs }, journal.header.limits, this.#wallTimeout!),
        )
      case 'failed':
        return this.#failed(failure(turn.error))
      case 'closed':
    }
  }

  /** Parks an execution whose guest can't be rebuilt here, if it can be parked: another node may be able to. */
  async #failed(error: ExecutionFailure): Promise<void> {
    if (!this.#options.parking?.keepsDiverged || !concernsVersions(error)) return this.stop(error)
    let isParked = false
    while (!isParked && !this.#isOver) isParked = await this.#parker.parkForAttention(error)
  }

  async #commitTurn({ cpuMs, effects, isFollowed }: CompletedTurn, delivery: Delivery, at: number): Promise<void> {
    const { state, journal } = this.#options
    const violation = state.effects.violationIn(effects)
    if (violation !== undefined) return this.stop(protocolViolation(violation))
    this.#isInTurn = isFollowed
    this.#begunAt = isFollowed ? at : undefined
    const refused = effects.end === undefined ? await this.#calls.refusedOf(effects.calls) : []
    const hasRoom = this.#writer.write({
      type: 'turn',
      at,
      endedAt: isFollowed ? at : this.#at(),
      cpuMs,
      ...this.#rebuildsBefore(at),
      delivery,
      effects,
      ...(refused.length > 0 && { refused }),
    })
    if (!hasRoom) {
      this.#isInTurn = true
      this.#stoppedTurn = { cpuMs, ...state.effects.checkedLogs(effects) }
      return this.stop(journalTooLarge(journal.header.limits.journalBytes))
    }
    return this.#writer.committing
  }

  /** Returns what an entry with this time says about the eviction and the rebuilding of the guest since the turn before. */
  #rebuildsBefore(at: number): Pick<Extract<JournalEntry, { type: 'turn' }>, 'replays' | 'evictedAt'> {
    const { replays, evictedMsAgo } = this.#guest.takeRebuilds()
    const evictedAt = Math.min(at, Math.ceil(this.#options.now() - (evictedMsAgo ?? 0)))
    return { ...(replays > 0 && { replays }), ...(evictedMsAgo !== undefined && { evictedAt }) }
  }

  /** Performs what follows from a committed entry. */
  #perform(changes: Changes, entry: JournalEntry): void {
    reportChanges(changes, entry, this.#options)
    if (changes.isEnd) {
      const deferred = changes.settled.filter(({ wasDeferred }) => wasDeferred)
      this.#calls.cancelDeferred(deferred, new Error('The execution has ended'))
      return this.#ended(endedByHostAt(entry))
    }
    if (this.#isOver) return
    this.#callEntries.applied(entry)
    this.#whenConfirmed(() => this.#calls.perform(changes))
    // After an approval was requested, or an answer deferred, the execution may be parked.
    if (changes.settled.length + changes.requested.length > 0 || changes.deferred !== undefined) this.#wakeUp.wake()
  }

  /** Performs effects outside of this node, after a confirmation of the lease if one is due. */
  #whenConfirmed(perform: () => void): void {
    const confirmed = this.#options.confirm?.()
    if (confirmed === undefined) return perform()
    confirmed.then(
      () => {
        if (!this.#isOver) perform()
      },
      () => this.#lost(),
    )
  }

  #writeCallEntry(entry: CallEntry): void {
    if (this.#isOver || this.#writer.write(entry)) return
    this.stop(journalTooLarge(this.#options.journal.header.limits.journalBytes))
  }

  #finish(error: ExecutionFailure): void {
    if (this.#options.state.hasEnded || this.#hasLeft || this.#isEnding) return
    this.#isEnding = true
    const at = this.#at()
    const costs = { ...this.#stoppedTurn, ...this.#rebuildsBefore(at) }
    const withinTurn = this.#options.realm !== undefined && this.#isInTurn && { withinTurn: true as const }
    this.#writer.write({ type: 'end', at, error, ...withinTurn, ...costs })
  }

  /** Frees the parts of an execution that has ended; `endedAt` is the time at which the host has ended it. */
  #ended(endedAt: number | undefined): void {
    const { outcome } = this.#options.state
    const error = outcome?.status === 'completed' ? undefined : outcome?.error
    // That of a session is kept if its last turn is in the journal.
    this.#guest.close({ keep: !this.#isInTurn, endedAt })
    this.#release(new Error(error?.message ?? 'The code ended without waiting for the call'))
    endExecutionSpan(this.#options.trace.span, { outcome: outcome?.status, code: error?.code })
    this.#options.onEnded()
  }

  /** Leaves an execution whose entry the store has refused. Any other reason than a lost lease is a bug. */
  #refused(error: unknown): void {
    if (error instanceof LeaseLost) return this.#lost()
    this.#leave('the store has refused an entry')
    const { observer, observed } = this.#options
    observer.executionFailedByBug(error, observed)
  }

  /** Leaves an execution that another node has, or may have. */
  #lost(): void {
    if (this.#hasLeft || this.#options.state.hasEnded) return
    this.#leave('another node has taken over the execution')
    const { observer, observed } = this.#options
    observer.executionLost(observed)
  }

  #leave(reason: string): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#wakeUp.wake()
    // Its state is in the middle of a step, so the next step of a session can't start from it.
    this.#guest.close()
    this.#release(new CallContinues(reason))
    endExecutionSpan(this.#options.trace.span)
  }

  #release(reason: Error): void {
    clearTimeout(this.#deadlineTimer)
    this.#calls.abortAll(reason)
  }

  #failByBug(error: unknown): void {
    const reason = failedByBug(this.#options.journal.header.correlationId)
    this.stop(reason)
    this.#finish(this.#stopReason ?? reason)
    const { observer, observed } = this.#options
    observer.executionFailedByBug(error, observed)
  }

  /** Returns the time of the next entry. Times never go backwards, also when a node takes over whose clock is slow. */
  #at(): number {
    return Math.max(this.#options.state.time.lastAt, this.#options.now())
  }
}

/** Returns whether a node with other versions may be able to go on. */
function concernsVersions({ code }: ExecutionFailure): boolean {
  return code === 'REPLAY_DIVERGED' || code === 'RUNTIME_UNAVAILABLE'
}
