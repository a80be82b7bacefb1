import {
  callNumberOf,
  type Delivery,
  type ExecutionFailure,
  type Journal,
  type RequestError,
  type ToolAnswer,
  type ToolCallSummary,
  type TurnEffects,
} from '@codemode/shared'

import type { Placement, Sandbox } from '../sandbox/sandbox.ts'
import { endExecutionSpan, traceExecution } from '../telemetry.ts'
import type { ToolTransport } from '../tools/transport.ts'
import type { Permit } from './admission.ts'
import type { EventText, ExecutionHandle } from './engine.ts'
import { createClock } from './clock.ts'
import type { TurnLogs } from './effects-validator.ts'
import { EndedExecution } from './ended-execution.ts'
import { EventLog } from './event-log.ts'
import { ExecutionReport, type Ending } from './execution-report.ts'
import {
  cancelled,
  executionTimeout,
  failedByBug,
  failure,
  neverSettles,
  stoppedByLimit,
  type WallTimeout,
} from './failures.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import type { JournalLog } from './journal-log.ts'
import type { Pacer } from './pacer.ts'
import { ReaderWatchdog } from './reader-watchdog.ts'
import { RestorableGuest } from './restorable-guest.ts'
import { ToolCalls, type AnswerText } from './tool-calls.ts'
import { TurnCommitter } from './turn-committer.ts'

interface ExecutionOptions {
  readonly journal: JournalLog
  readonly bodyHash: string
  readonly keyId: string
  readonly placement: Placement
  readonly label: string | undefined
  readonly permit: Permit
  readonly sandbox: Sandbox
  readonly transport: ToolTransport
  readonly pacer: Pacer
  /** Takes answers that come over the client's stream; undefined when tools are called by callback. */
  readonly answerStreamedCall: ((callId: string, answer: ToolAnswer) => boolean) | undefined
  /** Returns the timeout of the whole run, given the milliseconds in the queue. */
  readonly wallTimeoutOf: (queuedMs: number) => WallTimeout
  readonly disconnectGraceMs: number
  /** Called with the error of a bug in the executor, after it has ended the execution. */
  onFailedByBug(error: unknown): void
  onFinished(ended: EndedExecution): void
}

/**
 * One execution from its admission to its result: `queued → running → completed | failed | cancelled`. `#run` loops
 * over its turns: it runs a turn, commits it, and waits for the next delivery. Everything is in the journal before it is
 * visible outside.
 */
export class Execution implements ExecutionHandle {
  readonly bodyHash: string
  readonly keyId: string
  readonly admitted: Promise<void>
  readonly finished: Promise<void>
  readonly #options: ExecutionOptions
  readonly #journal: JournalLog
  readonly #events: EventLog
  readonly #deliveries: DeliveryQueue
  readonly #guest: RestorableGuest
  readonly #readers: ReaderWatchdog
  readonly #trace: ReturnType<typeof traceExecution>
  readonly #report: ExecutionReport
  readonly #now = createClock()
  readonly #committer: TurnCommitter
  readonly #createdAt = this.#now()
  #calls: ToolCalls | undefined
  #wallTimeout!: WallTimeout
  #deadlineTimer: NodeJS.Timeout | undefined
  #isRefused = false
  /** Logs of the turn in which the host stopped the guest. */
  #stoppedTurnLogs: TurnLogs | undefined
  /** First decision of the host to end the execution; the loop checks it at its next step. */
  #stopReason: ExecutionFailure | undefined
  #resolveFinished!: () => void

  constructor(options: ExecutionOptions) {
    this.#options = options
    this.#journal = options.journal
    this.bodyHash = options.bodyHash
    this.keyId = options.keyId
    this.#events = new EventLog(this.id)
    this.#deliveries = new DeliveryQueue(this.#now)
    this.#guest = new RestorableGuest(options.sandbox, options.journal, options.placement)
    this.#readers = new ReaderWatchdog(options.disconnectGraceMs, (text) => this.cancel(text))
    this.#trace = traceExecution(this.id, this.correlationId)
    this.#report = new ExecutionReport({
      executionId: this.id,
      correlationId: this.correlationId,
      label: options.label,
      createdAt: this.#createdAt,
      guest: this.#guest,
      toolCalls: () => this.#calls,
      now: this.#now,
    })
    this.#committer = new TurnCommitter({
      journal: this.#journal,
      events: this.#events,
      report: this.#report,
      deliveries: this.#deliveries,
    })
    this.finished = new Promise((resolve) => (this.#resolveFinished = resolve))
    this.admitted = Promise.race([options.permit.admitted, this.finished])
    options.permit.admitted.then(
      () => this.#run().catch((error: unknown) => this.#failByBug(error)),
      (refusal: RequestError) => this.#refused(refusal),
    )
  }

  get id(): string {
    return this.#journal.header.executionId
  }

  get correlationId(): string {
    return this.#journal.header.correlationId
  }

  events(options: { after?: string; signal: AbortSignal }): AsyncIterable<EventText> {
    return this.#events.read(options)
  }

  attachReader(): () => void {
    return this.#readers.attach()
  }

  cancel(reason?: string): void {
    if (this.#isRefused) return
    this.#stop(cancelled(reason))
    if (this.#report.startedAt === undefined) this.#finish({ by: 'host', error: this.#stopReason! })
  }

  answerCall(callId: string, answer: ToolAnswer): boolean {
    if (callNumberOf(this.id, callId) === undefined) return false
    return this.#options.answerStreamedCall?.(callId, answer) ?? false
  }

  journal(): Journal {
    return this.#journal.snapshot()
  }

  result(): string {
    return this.#report.result().text
  }

  record(): string {
    return this.#report.record().text
  }

  /** Handles a refusal by admission control: the code has not run, and a later request may use the same id. */
  #refused({ code }: RequestError): void {
    this.#isRefused = true
    this.#readers.stop()
    endExecutionSpan(this.#trace.span, code)
  }

  #failByBug(error: unknown): void {
    this.#stop(failedByBug(this.correlationId))
    this.#finish({ by: 'host', error: this.#stopReason! })
    this.#options.onFailedByBug(error)
  }

  async #run(): Promise<void> {
    if (this.#report.ended) return
    this.#begin()
    let delivery: Delivery = { kind: 'start' }
    for (;;) {
      const effects = await this.#turn(delivery)
      if (this.#stopReason || effects === undefined) break
      if (effects.end) {
        this.#finish({ by: 'guest', end: effects.end })
        return
      }
      const next = await this.#nextDelivery()
      if (next === undefined) break
      delivery = next
    }
    this.#finish({ by: 'host', error: this.#stopReason! })
  }

  #begin(): void {
    const at = this.#now()
    this.#report.startedAt = at
    this.#report.status = 'running'
    const { transport } = this.#options
    const wallTimeout = this.#options.wallTimeoutOf(at - this.#createdAt)
    this.#wallTimeout = wallTimeout
    this.#deadlineTimer = setTimeout(() => this.#stop(executionTimeout(wallTimeout)), wallTimeout.timeoutMs)
    this.#calls = new ToolCalls({
      journal: this.#journal,
      transport,
      pacer: this.#options.pacer,
      createdAt: this.#createdAt,
      deadlineAt: at + wallTimeout.timeoutMs,
      trace: this.#trace.context,
      onSent: ({ callId, tool, deadline, input }) =>
        this.#events.append({ type: 'tool.called', callId, tool, deadline }, this.#now(), { input }),
      onAnswer: (answer, call) => this.#takeAnswer(answer, call),
      onFailedByBug: (error) => this.#failByBug(error),
      now: this.#now,
    })
    const createdAt = new Date(this.#createdAt).toISOString()
    this.#events.append({ type: 'started', correlationId: this.correlationId, createdAt }, at)
  }

  /**
   * Runs one turn and commits it. Resolves with undefined when the execution is stopped, by this turn or meanwhile.
   */
  async #turn(delivery: Delivery): Promise<TurnEffects | undefined> {
    const at = this.#now()
    const endsAt = this.#report.startedAt! + this.#wallTimeout.timeoutMs
    const pending = this.#guest.turn(this.#journal.guestDelivery(delivery, at), () => endsAt - this.#now())
    this.#options.permit.started()
    const turn = await pending
    switch (turn.type) {
      case 'turn':
        this.#stop(this.#committer.commitTurn(turn.effects, delivery, at, this.#calls!))
        return turn.effects
      case 'stopped':
        this.#stoppedTurnLogs = this.#committer.checkedLogs(turn)
        this.#stop(
          stoppedByLimit({ ...turn, cpuMs: this.#guest.cpuMs }, this.#journal.header.limits, this.#wallTimeout),
        )
        return undefined
      case 'failed':
        this.#stop(failure(turn.error))
        return undefined
      case 'closed':
        return undefined
    }
  }

  /** Resolves with the next delivery, or with undefined when the execution is stopped instead. */
  async #nextDelivery(): Promise<Delivery | undefined> {
    const due = this.#deliveries.takeDue()
    if (due) return due
    if (this.#calls!.openCount === 0 && !this.#deliveries.hasTimer) {
      this.#stop(neverSettles())
      return undefined
    }
    const since = this.#now()
    this.#report.status = 'waiting'
    this.#events.append({ type: 'waiting', openCalls: this.#calls!.firstOpenCallIds() }, since)
    const next = await this.#deliveries.next()
    this.#report.status = 'running'
    this.#report.waitMs += this.#now() - since
    return next
  }

  #takeAnswer(answer: AnswerText, call: ToolCallSummary): void {
    if (!this.#stopReason) this.#stop(this.#committer.commitAnswer(answer, call, this.#now()))
  }

  /** Stops the execution with a failure, if there is one and it is the first. */
  #stop(error: ExecutionFailure | undefined): void {
    if (error === undefined || this.#stopReason || this.#report.ended) return
    this.#stopReason = error
    this.#guest.close()
    this.#deliveries.close()
  }

  #finish(ending: Ending): void {
    if (this.#report.ended) return
    clearTimeout(this.#deadlineTimer)
    this.#readers.stop()
    this.#guest.close()
    const at = this.#now()
    if (ending.by === 'host') this.#committer.commitEnd(ending.error, this.#stoppedTurnLogs, at)
    const reason = ending.by === 'host' ? ending.error.message : 'The code ended without waiting for the call'
    for (const { callId, tool } of this.#calls?.cancelAll(reason) ?? []) {
      this.#events.append({ type: 'tool.settled', callId, tool, status: 'cancelled' }, at)
    }
    this.#report.finish(ending, at)
    this.#events.append({ type: 'finished' }, at, { result: this.#report.result() })
    endExecutionSpan(this.#trace.span, this.#report.errorCode)
    this.#options.permit.release()
    const { bodyHash, keyId } = this
    const [journal, events, report, readers] = [this.#journal, this.#events, this.#report, this.#readers]
    this.#options.onFinished(new EndedExecution({ bodyHash, keyId, journal, events, report, readers }))
    this.#resolveFinished()
  }
}
