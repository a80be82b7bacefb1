import {
  isFinal,
  type Delivery,
  type ExecutionFailure,
  type ExecutionStatus,
  type JournalEntry,
  type JournalHeader,
  type LogEntry,
  type TurnEffects,
} from '@codemode/shared'

import { timestamp } from '../../timestamp.ts'
import { Fifo } from '../fifo.ts'
import { CallTable } from './call-table.ts'
import { noChanges, type Changes, type DecidedCall, type EntryOf } from './changes.ts'
import { toolsThatPause } from './approval-requests.ts'
import { inputHashOf } from './input-hash.ts'
import { EffectsAccount } from './effects-account.ts'
import { isStateKept, statusAfter, waitsAfter } from './status-after.ts'
import { TimeAccount } from './time-account.ts'
import { outcomeOfError, outcomeOfGuestEnd, type Outcome } from './outcome.ts'

/**
 * State of one execution, which is a pure function of its journal: the fold of `apply` over the entries. It is the same
 * while the execution runs, after it was taken over by another node, and for a reader of its events.
 */
export class ExecutionState {
  readonly header: JournalHeader
  /** Time at which the execution was accepted, in milliseconds since the epoch, as are all times here. */
  readonly createdAt: number
  readonly calls: CallTable
  readonly effects: EffectsAccount
  readonly time: TimeAccount
  readonly logs: LogEntry[] = []
  readonly logsDropped = { entries: 0, bytes: 0 }
  status: ExecutionStatus = 'queued'
  /** Number of claims. */
  epoch = 0
  startedAt: number | undefined
  /** Time at which the timeout of the execution expires; undefined before the first claim. */
  endsAt: number | undefined
  finishedAt: number | undefined
  /** CPU time in milliseconds of all turns, including one that was stopped. */
  cpuMs = 0
  turns = 0
  /** Number of times that the guest was rebuilt from the journal. */
  replays = 0
  /**
   * Nodes that have claimed the execution since the last entry of another kind. Each has probably crashed before it made progress; a
   * node that claims again was only slow.
   */
  readonly nodesWithoutProgress = new Set<string>()
  /** Reason for which a parked execution waits for an operator. */
  attention: ExecutionFailure | undefined
  /** Outcome of the execution; undefined until it has ended. */
  outcome: Outcome | undefined
  /** Answers that the guest has not received yet, in the order of their arrival. */
  readonly #answers = new Fifo<{ call: number; arrivedAt: number }>()
  #timerAt: number | null = null
  /** Whether the host has stopped the execution within a turn. */
  #isStoppedInTurn = false
  /** Warnings that the execution has if the host ends it now. */
  #warnings: TurnEffects['warnings']
  #servedBy: EntryOf<'claim'>['servedBy']
  readonly #toolsThatPause: ReadonlySet<string>

  constructor(header: JournalHeader) {
    this.header = header
    this.createdAt = Date.parse(header.createdAt)
    this.time = new TimeAccount(this.createdAt)
    this.calls = new CallTable(header.limits.toolCallsInFlight)
    this.effects = new EffectsAccount(header.limits)
    this.#toolsThatPause = toolsThatPause(header)
  }

  get hasEnded(): boolean {
    return isFinal(this.status)
  }

  /** Whether a session has the state after this step. */
  get isStateKept(): boolean {
    return isStateKept({ turns: this.turns, isStoppedInTurn: this.#isStoppedInTurn })
  }

  /** Time at which the guest's next timer is due; `null` if it has no timer. */
  get timerAt(): number | null {
    return this.#timerAt
  }

  /** Whether the execution can only continue by approvals. */
  get isPaused(): boolean {
    return this.#answers.size === 0 && this.#timerAt === null && this.calls.areAllPaused
  }

  /** Whether tool calls wait for a client that resumes the execution. */
  get isServedByClient(): boolean {
    return this.#servedBy === 'client'
  }

  /** Whether nothing that this node does can bring the next delivery: it comes by a timer or from outside. */
  get canBeParked(): boolean {
    return this.#answers.size === 0 && (this.calls.activeCount === 0 || this.isServedByClient)
  }

  /** Whether nothing can ever settle what the guest waits for. */
  get neverSettles(): boolean {
    return this.#answers.size === 0 && this.calls.openCount === 0 && this.#timerAt === null
  }

  /**
   * Returns the delivery that is due at the given time; undefined if there is none. A timer precedes an answer that
   * arrived after the timer was due.
   */
  dueDelivery(now: number): Delivery | undefined {
    if (this.turns === 0) return { kind: 'start' }
    const answer = this.#answers.at(0)
    const isTimerDue = this.#timerAt !== null && this.#timerAt <= now
    if (isTimerDue && (answer === undefined || this.#timerAt! <= answer.arrivedAt)) return { kind: 'tick' }
    return answer === undefined ? undefined : { kind: 'answer', call: answer.call }
  }

  /** Returns the answer at a position of the queue of those that the guest has not received; undefined if there is none. */
  answerAt(position: number): { readonly call: number; readonly arrivedAt: number } | undefined {
    return this.#answers.at(position)
  }

  /** Returns the status of an execution that has not ended after further entries, without applying them. */
  statusAfter(entries: readonly JournalEntry[]): ExecutionStatus {
    return statusAfter(entries, {
      answers: this.#answers.size,
      openCalls: this.calls.openCount,
      waits: this.time.isWaiting,
    })
  }

  /** Applies the next entry of the journal, and returns the changes. */
  apply(entry: JournalEntry): Changes {
    if (entry.type === 'claim') {
      this.calls.addDowntime(entry.at - this.time.lastAt)
      this.nodesWithoutProgress.add(entry.node)
    } else this.nodesWithoutProgress.clear()
    const wasClaimed = this.time.isClaimed
    this.time.add(entry)
    switch (entry.type) {
      case 'claim':
        return this.#claim(entry, wasClaimed)
      case 'park':
        return this.#park(entry)
      case 'answer':
        return this.#answer(entry)
      case 'approval':
        return this.#approval(entry)
      case 'decision':
        return this.#decision(entry)
      case 'deferred':
        return this.#deferred(entry)
      case 'turn':
        return this.#turn(entry)
      case 'end':
        return this.#end(entry)
    }
  }

  #claim({ at, epoch, endsAt, servedBy }: EntryOf<'claim'>, isTakeover: boolean): Changes {
    const isStart = this.startedAt === undefined
    this.epoch = epoch
    // A call that a client was to serve is now sent by callback, so its time begins.
    if (this.isServedByClient && servedBy === undefined) this.calls.restart(at)
    this.#servedBy = servedBy
    this.startedAt ??= at
    this.endsAt = endsAt
    this.attention = undefined
    this.status = this.time.isWaiting ? this.#waitStatus() : 'running'
    return { ...noChanges, isStart, isTakeover }
  }

  #park({ attention, isPromotion }: EntryOf<'park'>): Changes {
    this.attention = attention
    this.status = attention === undefined ? this.#waitStatus() : 'needs_attention'
    return { ...noChanges, isPromotion: isPromotion === true }
  }

  #answer({ at, call, ok, errorCode, decision }: EntryOf<'answer'>): Changes {
    const changes = this.#settle(call, at, { ok, errorCode })
    return decision === undefined ? changes : { ...changes, decided: { call: changes.settled[0]!, ...decision } }
  }

  #settle(call: number, at: number, { ok, errorCode }: Pick<EntryOf<'answer'>, 'ok' | 'errorCode'>): Changes {
    const settled = [this.calls.settle(call, at, { status: ok ? 'completed' : 'failed', errorCode })]
    this.#answers.add({ call, arrivedAt: at })
    this.status = 'running'
    return { ...noChanges, settled, sent: this.calls.takePlaces(at) }
  }

  #approval({ at, call, reason }: EntryOf<'approval'>): Changes {
    const requested = [this.calls.pause(call, at, reason)]
    const sent = this.calls.takePlaces(at)
    this.#wait(at)
    return { ...noChanges, requested, sent }
  }

  #decision(entry: EntryOf<'decision'>): Changes {
    const { at, call: number, decision, by, note, reason, answer, end } = entry
    const call = this.calls.open(number)!
    const decided: DecidedCall = { call, decision, by, note, reason }
    if (end !== undefined) {
      const { executionId } = this.header
      return { ...this.#finish(outcomeOfError(end, { warnings: this.#warnings, executionId }), at), decided }
    }
    if (answer !== undefined) return { ...this.#settle(number, at, answer), decided }
    const { input = call.input } = entry
    this.calls.approve(number, { input, approval: { inputHash: inputHashOf(input), decidedBy: by ?? '' } })
    const sent = this.calls.takePlaces(at)
    this.#wait(at)
    return { ...noChanges, decided, sent }
  }

  #deferred({ at, call, decision }: EntryOf<'deferred'>): Changes {
    const deferred = this.calls.defer(call, at)
    const sent = this.calls.takePlaces(at)
    this.#wait(at)
    return { ...noChanges, sent, deferred, ...(decision && { decided: { call: deferred, ...decision } }) }
  }

  #waitStatus(): 'paused' | 'waiting' {
    return this.isPaused ? 'paused' : 'waiting'
  }

  /** Sets the status after an entry, and returns whether the guest waits. */
  #wait(at: number, isWait = this.dueDelivery(at) === undefined && !this.neverSettles): boolean {
    if (isWait) this.time.beginWait(at)
    this.status = isWait ? this.#waitStatus() : 'running'
    return isWait
  }

  #turn(entry: EntryOf<'turn'>): Changes {
    const { endedAt, delivery, effects, refused = [] } = entry
    if (delivery.kind === 'answer') this.#answers.take()
    this.turns += 1
    this.#count(entry)
    this.effects.add(effects)
    const logs = this.#addLogs(effects, entry.at)
    this.#timerAt = effects.nextTimerAt
    this.#warnings = effects.warnings ?? this.#warnings
    if (effects.end !== undefined) {
      const { executionId } = this.header
      return { ...this.#finish(outcomeOfGuestEnd(effects.end, executionId), endedAt), logs }
    }
    const isRefused = new Set(refused)
    const made = effects.calls.map((call) =>
      this.calls.add(call, {
        isRefused: isRefused.has(call.call),
        pausedAt: this.#toolsThatPause.has(call.tool) ? endedAt : undefined,
      }),
    )
    const sent = this.calls.takePlaces(endedAt)
    return {
      ...noChanges,
      logs,
      sent,
      refused: made.filter(({ number }) => isRefused.has(number)),
      requested: made.filter(({ status }) => status === 'paused'),
      isWait: this.#wait(endedAt, waitsAfter(entry, { answers: this.#answers.size, openCalls: this.calls.openCount })),
    }
  }

  #end(entry: EntryOf<'end'>): Changes {
    const { at, error, logs = [], logsDropped = { entries: 0, bytes: 0 } } = entry
    this.#count(entry)
    const added = this.#addLogs({ logs, logsDropped }, at)
    const { executionId } = this.header
    this.#isStoppedInTurn = entry.withinTurn === true
    const outcome = outcomeOfError(error, { warnings: entry.warnings ?? this.#warnings, executionId })
    return { ...this.#finish(outcome, at), logs: added }
  }

  #finish(outcome: Outcome, at: number): Changes {
    this.outcome = outcome
    this.status = outcome.status
    this.finishedAt = at
    return { ...noChanges, settled: this.calls.cancelOpen(at), isEnd: true }
  }

  #count({ cpuMs = 0, replays = 0 }: { cpuMs?: number | undefined; replays?: number | undefined }): void {
    this.cpuMs += cpuMs
    this.replays += replays
  }

  #addLogs(output: Pick<TurnEffects, 'logs' | 'logsDropped'>, at: number): LogEntry[] {
    const time = timestamp(at)
    const added = output.logs.map(({ level, text }) => ({ level, text, at: time }))
    for (const entry of added) this.logs.push(entry)
    this.logsDropped.entries += output.logsDropped.entries
    this.logsDropped.bytes += output.logsDropped.bytes
    return added
  }
}
