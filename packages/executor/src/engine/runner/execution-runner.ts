import type { Delivery, ExecutionFailure, JournalEntry, ToolAnswer, TurnEffects } from '@codemode/shared'

import type { Placement, Sandbox } from '../../sandbox/sandbox.ts'
import { endExecutionSpan, traceExecution } from '../../telemetry.ts'
import type { ToolTransport } from '../../tools/transport.ts'
import type { CallState } from '../state/call-table.ts'
import type { TurnLogs } from '../state/effects-account.ts'
import type { EventFeed } from '../state/event-feed.ts'
import type { Changes, ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'
import { answerText } from './answer-text.ts'
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
import { JournalWriter } from './journal-writer.ts'
import type { Pacer } from './pacer.ts'
import { RestorableGuest, type GuestTurn } from './restorable-guest.ts'
import { ToolCallSender } from './tool-call-sender.ts'
import { toolCallRefusal } from './tool-call-refusal.ts'
import { WakeUp } from './wake-up.ts'

/** Parts of the executor that a runner works with. */
export interface RunnerParts {
  readonly sandbox: Sandbox
  readonly placement: Placement
  readonly transport: ToolTransport
  readonly pacer: Pacer
  readonly now: () => number
  /** Called with the error of a bug in the executor, after it has ended the execution. */
  onFailedByBug(error: unknown): void
}

interface ExecutionRunnerOptions extends RunnerParts {
  readonly journal: JournalLog
  /** State after the last entry of the journal. */
  readonly state: ExecutionState
  readonly events: EventFeed
  /** Commits entries to the store. Returns undefined if they are committed; otherwise a promise. */
  readonly append: (entries: readonly JournalEntry[]) => Promise<void> | undefined
  /** Called when a turn has been requested from the sandbox. */
  onTurnRequested(): void
  onEnded(): void
}

/** Claim of an execution by a node, and the time that the node gives it. */
export interface Claim {
  readonly epoch: number
  readonly node: string
  readonly wallTimeout: WallTimeout
}

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
  readonly #sender: ToolCallSender
  readonly #trace: ReturnType<typeof traceExecution>
  readonly #wakeUp = new WakeUp()
  /** Answers to calls that are not sent, by the number of the call, until the turn that made them is committed. */
  readonly #refusals = new Map<number, ToolAnswer>()
  #wallTimeout: WallTimeout | undefined
  #deadlineTimer: NodeJS.Timeout | undefined
  #stoppedTurn: StoppedTurn | undefined
  /** First decision of the host to end the execution; the loop checks it at its next step. */
  #stopReason: ExecutionFailure | undefined
  /** Whether the store has refused an entry, because another node has claimed the execution. */
  #hasLostLease = false

  constructor(options: ExecutionRunnerOptions) {
    this.#options = options
    const { sandbox, journal, state, events, append, placement } = options
    const { executionId, correlationId } = journal.header
    this.#trace = traceExecution(executionId, correlationId)
    this.#guest = new RestorableGuest({ sandbox, journal, state, placement })
    this.#writer = new JournalWriter({
      journal,
      state,
      events,
      append,
      onChanges: (changes) => this.#perform(changes),
      onRefused: () => this.#loseLease(),
    })
    this.#sender = new ToolCallSender({
      state,
      transport: options.transport,
      pacer: options.pacer,
      trace: this.#trace.context,
      onAnswer: (call, answer) => this.#takeAnswer(call, answer),
      onFailedByBug: (error) => this.#failByBug(error),
      now: options.now,
    })
  }

  /** Runs the execution under a claim, to its end or until the lease is lost. Never rejects. */
  async run(claim: Claim): Promise<void> {
    try {
      await this.#runTurns(claim)
    } catch (error) {
      this.#failByBug(error)
    }
  }

  /** Ends the execution with a failure, unless it has ended or is about to. */
  stop(error: ExecutionFailure): void {
    if (this.#isOver) return
    this.#stopReason = error
    this.#guest.close()
    this.#wakeUp.wake()
    if (this.#wallTimeout === undefined) this.#finish(error)
  }

  /** Ends the trace of an execution that was not admitted. Its code has not run. */
  refuse(code: string): void {
    endExecutionSpan(this.#trace.span, code)
  }

  get #isOver(): boolean {
    return this.#stopReason !== undefined || this.#options.state.hasEnded || this.#hasLostLease
  }

  async #runTurns({ epoch, node, wallTimeout }: Claim): Promise<void> {
    if (this.#isOver) return
    const { state } = this.#options
    const at = this.#at()
    this.#wallTimeout = wallTimeout
    this.#deadlineTimer = setTimeout(() => this.stop(executionTimeout(wallTimeout)), wallTimeout.timeoutMs)
    this.#writer.write({ type: 'claim', at, epoch, node, endsAt: at + wallTimeout.timeoutMs })
    if (this.#writer.committing !== undefined) await this.#writer.committing
    this.#resumeCalls()
    while (!this.#isOver) {
      const delivery = state.dueDelivery(this.#at())
      if (delivery !== undefined) await this.#turn(delivery)
      else if (state.neverSettles) this.stop(neverSettles())
      else await this.#wakeUp.wait(state.timerAt === null ? undefined : state.timerAt - this.#options.now())
    }
    if (this.#stopReason !== undefined) this.#finish(this.#stopReason)
  }

  /** Sends the calls that an earlier claim has left in flight, with the same ids. */
  #resumeCalls(): void {
    const { state } = this.#options
    for (const call of state.calls.all) {
      if (call.status === 'running') this.#sender.send(call)
      const refusal = call.status === 'queued' ? toolCallRefusal(call, state.header) : undefined
      if (refusal !== undefined) this.#takeAnswer(call, refusal)
    }
  }

  async #turn(delivery: Delivery): Promise<void> {
    const { journal, state, now } = this.#options
    const at = this.#at()
    const pending = this.#guest.turn(journal.guestDelivery(delivery, at), () => state.endsAt! - now())
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
        return this.stop(failure(turn.error))
      case 'closed':
    }
  }

  async #commitTurn({ cpuMs, effects }: CompletedTurn, delivery: Delivery, at: number): Promise<void> {
    const { state, journal } = this.#options
    const violation = state.effects.violationIn(effects)
    if (violation !== undefined) return this.stop(protocolViolation(violation))
    const refused = effects.end === undefined ? await this.#refusedCalls(effects.calls) : []
    const replays = this.#guest.takeReplays()
    const hasRoom = this.#writer.write({
      type: 'turn',
      at,
      endedAt: this.#at(),
      cpuMs,
      ...(replays > 0 && { replays }),
      delivery,
      effects,
      ...(refused.length > 0 && { refused }),
    })
    if (!hasRoom) {
      this.#stoppedTurn = { cpuMs, ...state.effects.checkedLogs(effects) }
      return this.stop(journalTooLarge(journal.header.limits.journalBytes))
    }
    return this.#writer.committing
  }

  /** Returns the numbers of the calls that must not be sent. Checks large inputs at the pace of the event loop. */
  async #refusedCalls(calls: TurnEffects['calls']): Promise<number[]> {
    const refused: number[] = []
    for (const call of calls) {
      const delay = this.#options.pacer.reserve(call.input.length)
      if (delay !== undefined) await delay
      const refusal = toolCallRefusal(call, this.#options.journal.header)
      if (refusal === undefined) continue
      refused.push(call.call)
      this.#refusals.set(call.call, refusal)
    }
    return refused
  }

  /** Performs what follows from a committed entry. */
  #perform({ isEnd, refused, sent, settled }: Changes): void {
    if (isEnd) return this.#ended()
    if (this.#isOver) return
    for (const call of refused) this.#takeAnswer(call, this.#takeRefusal(call))
    for (const call of sent) this.#sender.send(call)
    if (settled.length > 0) this.#wakeUp.wake()
  }

  #takeRefusal({ number }: CallState): ToolAnswer {
    const refusal = this.#refusals.get(number)!
    this.#refusals.delete(number)
    return refusal
  }

  #takeAnswer(call: CallState, answer: ToolAnswer): void {
    if (this.#isOver) return
    const { limits } = this.#options.journal.header
    const text = answerText(answer, call.tool, limits.toolOutputBytes)
    const hasRoom = this.#writer.write({ type: 'answer', at: this.#at(), call: call.number, ...text })
    if (!hasRoom) this.stop(journalTooLarge(limits.journalBytes))
  }

  #finish(error: ExecutionFailure): void {
    if (this.#options.state.hasEnded || this.#hasLostLease) return
    const replays = this.#guest.takeReplays()
    const costs = { ...this.#stoppedTurn, ...(replays > 0 && { replays }) }
    this.#writer.write({ type: 'end', at: this.#at(), error, ...costs })
  }

  #ended(): void {
    const { outcome } = this.#options.state
    const error = outcome?.status === 'completed' ? undefined : outcome?.error
    this.#release(this.#stopReason?.message ?? 'The code ended without waiting for the call')
    endExecutionSpan(this.#trace.span, error?.code)
    this.#options.onEnded()
  }

  #loseLease(): void {
    this.#hasLostLease = true
    this.#wakeUp.wake()
    this.#release('another node has taken over the execution')
    endExecutionSpan(this.#trace.span, undefined)
  }

  #release(reason: string): void {
    clearTimeout(this.#deadlineTimer)
    this.#guest.close()
    this.#sender.abortAll(reason)
  }

  #failByBug(error: unknown): void {
    const reason = failedByBug(this.#options.journal.header.correlationId)
    this.stop(reason)
    this.#finish(this.#stopReason ?? reason)
    this.#options.onFailedByBug(error)
  }

  /** Returns the time of the next entry. Times never go backwards, also when a node takes over whose clock is slow. */
  #at(): number {
    return Math.max(this.#options.state.lastAt, this.#options.now())
  }
}
