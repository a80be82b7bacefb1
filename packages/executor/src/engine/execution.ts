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
import { EffectsAccount, type TurnLogs } from './check-effects.ts'
import type { EventText, ExecutionHandle } from './engine.ts'
import { createClock } from './clock.ts'
import { EndedExecution } from './ended-execution.ts'
import { EventLog } from './event-log.ts'
import { ExecutionReport, type Ending } from './execution-report.ts'
import { cancelled, executionTimeout, failure, neverSettles, stoppedByLimit, type Clock } from './failures.ts'
import { Inbox } from './inbox.ts'
import type { JournalLog } from './journal-log.ts'
import type { Pacer } from './pacer.ts'
import { ReaderWatch } from './reader-watch.ts'
import { Residence } from './residence.ts'
import { ToolCalls, type AnswerText } from './tool-calls.ts'

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
  readonly answer: ((callId: string, answer: ToolAnswer) => boolean) | undefined
  /** Returns the timeout of the whole run, given the milliseconds in the queue. */
  readonly clock: (queuedMs: number) => Clock
  readonly disconnectGraceMs: number
  /** Called with an error that only a bug explains. */
  onBug(bug: unknown, execution: Execution): void
  onFinished(ended: EndedExecution): void
}

/**
 * One execution from its admission to its result: `queued → running → completed | failed | cancelled`. `#run` loops
 * over its turns: it runs a turn, releases the turn's effects, and waits for the next delivery. Everything is in the
 * journal before it is visible outside.
 */
export class Execution implements ExecutionHandle {
  readonly bodyHash: string
  readonly keyId: string
  readonly admitted: Promise<void>
  readonly finished: Promise<void>
  readonly #options: ExecutionOptions
  readonly #journal: JournalLog
  readonly #events: EventLog
  readonly #inbox: Inbox
  readonly #residence: Residence
  readonly #readers: ReaderWatch
  readonly #trace: ReturnType<typeof traceExecution>
  readonly #report: ExecutionReport
  readonly #now = createClock()
  readonly #effects: EffectsAccount
  readonly #createdAt = this.#now()
  #calls: ToolCalls | undefined
  #clock!: Clock
  #deadlineTimer: NodeJS.Timeout | undefined
  #isRefused = false
  /** Logs of the turn in which the host stopped the guest. */
  #unfinished: TurnLogs | undefined
  /** First decision of the host to end the execution; the loop checks it at its next step. */
  #stopped: ExecutionFailure | undefined
  #resolveFinished!: () => void

  constructor(options: ExecutionOptions) {
    this.#options = options
    this.#journal = options.journal
    this.bodyHash = options.bodyHash
    this.keyId = options.keyId
    this.#events = new EventLog(this.id)
    this.#inbox = new Inbox(this.#now)
    this.#effects = new EffectsAccount(options.journal.header.limits)
    this.#residence = new Residence(options.sandbox, options.journal, options.placement)
    this.#readers = new ReaderWatch(options.disconnectGraceMs, (text) => this.cancel(text))
    this.#trace = traceExecution(this.id, this.correlationId)
    this.#report = new ExecutionReport({
      executionId: this.id,
      correlationId: this.correlationId,
      label: options.label,
      createdAt: this.#createdAt,
      residence: this.#residence,
      toolCalls: () => this.#calls,
      now: this.#now,
    })
    this.finished = new Promise((resolve) => (this.#resolveFinished = resolve))
    this.admitted = Promise.race([options.permit.admitted, this.finished])
    options.permit.admitted.then(
      () => this.#run().catch((bug: unknown) => this.#failByBug(bug)),
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
    if (this.#report.startedAt === undefined) this.#finish({ by: 'host', error: this.#stopped! })
  }

  answerCall(callId: string, answer: ToolAnswer): boolean {
    if (callNumberOf(this.id, callId) === undefined) return false
    return this.#options.answer?.(callId, answer) ?? false
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

  /** Handles a refusal by the queue: no execution has existed, and a repeat may use its id. */
  #refused({ code }: RequestError): void {
    this.#isRefused = true
    this.#readers.stop()
    endExecutionSpan(this.#trace.span, code)
  }

  #failByBug(bug: unknown): void {
    this.#options.onBug(bug, this)
    this.#finish({ by: 'host', error: failure({ code: 'SANDBOX_CRASHED', message: 'The executor failed on it' }) })
  }

  async #run(): Promise<void> {
    if (this.#report.ended) return
    this.#begin()
    let delivery: Delivery = { kind: 'start' }
    for (;;) {
      const effects = await this.#turn(delivery)
      if (this.#stopped || effects === undefined) break
      if (effects.end) {
        this.#finish({ by: 'guest', end: effects.end })
        return
      }
      const next = await this.#nextDelivery()
      if (next === undefined) break
      delivery = next
    }
    this.#finish({ by: 'host', error: this.#stopped! })
  }

  #begin(): void {
    const at = this.#now()
    this.#report.startedAt = at
    this.#report.status = 'running'
    const { transport } = this.#options
    const clock = this.#options.clock(at - this.#createdAt)
    this.#clock = clock
    this.#deadlineTimer = setTimeout(() => this.#stop(executionTimeout(clock)), clock.timeoutMs)
    this.#calls = new ToolCalls({
      journal: this.#journal,
      transport,
      pacer: this.#options.pacer,
      createdAt: this.#createdAt,
      deadlineAt: at + clock.timeoutMs,
      trace: this.#trace.context,
      onSent: ({ callId, tool, deadline, input }) =>
        this.#events.append({ type: 'tool.called', callId, tool, deadline }, this.#now(), { input }),
      onAnswer: (answer, call) => this.#takeAnswer(answer, call),
      now: this.#now,
    })
    const createdAt = new Date(this.#createdAt).toISOString()
    this.#events.append({ type: 'started', correlationId: this.correlationId, createdAt }, at)
  }

  /**
   * Runs one turn and journals it. Resolves with undefined when the execution is stopped, by this turn or meanwhile.
   */
  async #turn(delivery: Delivery): Promise<TurnEffects | undefined> {
    const at = this.#now()
    const endsAt = this.#report.startedAt! + this.#clock.timeoutMs
    const pending = this.#residence.turn(this.#journal.deliveryWithContent(delivery, at), () => endsAt - this.#now())
    this.#options.permit.started()
    const turn = await pending
    switch (turn.type) {
      case 'turn':
        return this.#accept(turn.effects, delivery, at)
      case 'stopped':
        this.#unfinished = this.#effects.checkedLogs(turn)
        this.#stop(stoppedByLimit({ ...turn, cpuMs: this.#residence.cpuMs }, this.#journal.header.limits, this.#clock))
        return undefined
      case 'failed':
        this.#stop(failure(turn.error))
        return undefined
      case 'left':
        return undefined
    }
  }

  /** Journals a turn and releases its effects. Stops the execution if the guest runtime can't have reported them. */
  #accept(effects: TurnEffects, delivery: Delivery, at: number): TurnEffects | undefined {
    const violation = this.#effects.add(effects)
    if (violation !== undefined) {
      this.#stop(failure({ code: 'SANDBOX_CRASHED', message: `The sandbox process broke its protocol: ${violation}` }))
      return undefined
    }
    this.#journal.append({ type: 'turn', at, delivery, effects })
    if (this.#journal.isFull) this.#stop(this.#journal.tooLarge())
    else this.#release(effects, at)
    return effects
  }

  /**
   * Releases the effects of a turn. The calls of a turn that ends the execution are not sent, because nobody awaits
   * them.
   */
  #release(effects: TurnEffects, at: number): void {
    this.#keepLogs(effects, at)
    this.#inbox.setTimer(effects.nextTimerAt)
    if (effects.end) return
    for (const call of effects.calls) this.#calls!.add(call)
  }

  #keepLogs(output: TurnLogs, at: number): void {
    this.#report.addLogs(output, at)
    for (const { level, text } of output.logs) this.#events.append({ type: 'log', level, text }, at)
  }

  /** Resolves with the next delivery, or with undefined when the execution is stopped instead. */
  async #nextDelivery(): Promise<Delivery | undefined> {
    const due = this.#inbox.takeDue()
    if (due) return due
    if (this.#calls!.openCount === 0 && !this.#inbox.hasTimer) {
      this.#stop(neverSettles())
      return undefined
    }
    const since = this.#now()
    this.#report.status = 'waiting'
    this.#events.append({ type: 'waiting', openCalls: this.#calls!.firstOpenCallIds() }, since)
    const next = await this.#inbox.next()
    this.#report.status = 'running'
    this.#report.waitMs += this.#now() - since
    return next
  }

  #takeAnswer({ call, ok, text }: AnswerText, { callId, tool, errorCode }: ToolCallSummary): void {
    if (this.#stopped) return
    const at = this.#now()
    this.#journal.append({ type: 'answer', at, call, ok, text })
    if (this.#journal.isFull) {
      this.#stop(this.#journal.tooLarge())
      return
    }
    const status = ok ? 'completed' : 'failed'
    this.#events.append(
      { type: 'tool.settled', callId, tool, status, ...(errorCode !== undefined && { errorCode }) },
      at,
    )
    this.#inbox.addAnswer(call, at)
  }

  #stop(error: ExecutionFailure): void {
    if (this.#stopped || this.#report.ended) return
    this.#stopped = error
    this.#residence.leave()
    this.#inbox.close()
  }

  #finish(ending: Ending): void {
    if (this.#report.ended) return
    clearTimeout(this.#deadlineTimer)
    this.#readers.stop()
    this.#residence.leave()
    const at = this.#now()
    if (ending.by === 'host') {
      this.#journal.append({ type: 'end', at, error: ending.error, ...this.#unfinished })
      if (this.#unfinished) this.#keepLogs(this.#unfinished, at)
    }
    const reason = ending.by === 'host' ? ending.error.message : 'The code ended without waiting for the call'
    for (const { callId, tool } of this.#calls?.cancelAll(reason) ?? []) {
      this.#events.append({ type: 'tool.settled', callId, tool, status: 'cancelled' }, at)
    }
    this.#report.finish(ending, at)
    this.#events.append({ type: 'finished' }, at, { result: this.#report.result() })
    endExecutionSpan(this.#trace.span, this.#report.errorCode)
    this.#options.permit.release()
    this.#options.onFinished(this.#ended())
    this.#resolveFinished()
  }

  /** Returns the part of the execution that is kept after its end. */
  #ended(): EndedExecution {
    const { bodyHash, keyId } = this
    const [journal, events, report, readers] = [this.#journal, this.#events, this.#report, this.#readers]
    return new EndedExecution({ bodyHash, keyId, journal, events, report, readers })
  }
}
