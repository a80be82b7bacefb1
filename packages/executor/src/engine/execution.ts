import {
  callNumberOf,
  errorCodes,
  type Delivery,
  type ExecutionEvent,
  type ExecutionFailure,
  type ExecutionRecord,
  type ExecutionResult,
  type ExecutionStatus,
  type GuestEnd,
  type Journal,
  type LogEntry,
  type ToolAnswer,
  type TurnEffects,
} from '@codemode/shared'

import type { Sandbox } from '../sandbox/sandbox.ts'
import { endExecutionSpan, traceExecution } from '../telemetry.ts'
import type { ToolTransport } from '../tools/transport.ts'
import type { Ticket } from './admission.ts'
import type { ExecutionHandle } from './engine.ts'
import { EventLog } from './event-log.ts'
import { cancelled, executionTimeout, failure, neverSettles, stoppedByLimit, type Clock } from './failures.ts'
import { Inbox } from './inbox.ts'
import type { JournalLog } from './journal-log.ts'
import { ReaderWatch } from './reader-watch.ts'
import { Residence } from './residence.ts'
import { ToolCalls, type AnswerText } from './tool-calls.ts'

interface ExecutionOptions {
  readonly journal: JournalLog
  readonly bodyHash: string
  readonly label: string | undefined
  readonly ticket: Ticket
  readonly sandbox: Sandbox
  readonly transport: ToolTransport
  /** Takes answers that come over the client's stream; absent when tools are called back. */
  readonly answer: ((callId: string, answer: ToolAnswer) => boolean) | undefined
  /** The clock around the whole run. */
  readonly clock: Clock
  readonly disconnectGraceMs: number
  onFinished(execution: Execution): void
}

/** How an execution ends: by the guest, or by the host's decision. */
type Ending =
  | { readonly by: 'guest'; readonly end: GuestEnd }
  | { readonly by: 'host'; readonly error: ExecutionFailure }

/**
 * One execution, from admission to its result: `queued → running → completed | failed | cancelled`. `#run` is its life:
 * a turn, what the turn put out, a wait for the next delivery, and again. All that happens is in the journal before
 * anyone outside can see it.
 */
export class Execution implements ExecutionHandle {
  readonly bodyHash: string
  readonly admitted: Promise<void>
  readonly finished: Promise<ExecutionResult>
  readonly #options: ExecutionOptions
  readonly #journal: JournalLog
  readonly #events: EventLog
  readonly #inbox: Inbox
  readonly #residence: Residence
  readonly #readers: ReaderWatch
  readonly #trace: ReturnType<typeof traceExecution>
  readonly #logs: LogEntry[] = []
  readonly #logsDropped = { entries: 0, bytes: 0 }
  readonly #createdAt = Date.now()
  #calls: ToolCalls | undefined
  #status: ExecutionStatus = 'queued'
  #now = this.#createdAt
  #startedAt: number | undefined
  #finishedAt: number | undefined
  #waitMs = 0
  #deadlineTimer: NodeJS.Timeout | undefined
  /** Set by the first host decision to end the execution; the loop finds it at its next step. */
  #stopped: ExecutionFailure | undefined
  #result: ExecutionResult | undefined
  #resolveFinished!: (result: ExecutionResult) => void

  constructor(options: ExecutionOptions) {
    this.#options = options
    this.#journal = options.journal
    this.bodyHash = options.bodyHash
    this.#events = new EventLog(this.id)
    this.#inbox = new Inbox(() => Date.now())
    this.#residence = new Residence(options.sandbox, options.journal)
    this.#readers = new ReaderWatch(options.disconnectGraceMs, (text) => this.cancel(text))
    this.#trace = traceExecution(this.id, this.correlationId)
    this.finished = new Promise((resolve) => (this.#resolveFinished = resolve))
    this.admitted = Promise.race([options.ticket.admitted, this.finished.then(() => {})])
    options.ticket.admitted.then(
      () => this.#run(),
      () => endExecutionSpan(this.#trace.span, 'QUEUE_TIMEOUT'),
    )
  }

  get id(): string {
    return this.#journal.header.executionId
  }

  get correlationId(): string {
    return this.#journal.header.correlationId
  }

  /** What the execution keeps in memory, roughly. */
  get sizeBytes(): number {
    return this.#journal.sizeBytes + this.#events.keptBytes
  }

  events(options: { after?: string; signal: AbortSignal }): AsyncIterable<ExecutionEvent> {
    return this.#events.read(options)
  }

  attachReader(): () => void {
    return this.#readers.attach()
  }

  cancel(reason?: string): void {
    this.#stop(cancelled(reason))
    if (this.#startedAt === undefined) this.#finish({ by: 'host', error: this.#stopped! })
  }

  answerCall(callId: string, answer: ToolAnswer): boolean {
    if (callNumberOf(this.id, callId) === undefined) return false
    return this.#options.answer?.(callId, answer) ?? false
  }

  journal(): Journal {
    return this.#journal.snapshot()
  }

  record(): ExecutionRecord {
    const { logs, logsDropped, toolCalls, usage } = this.#summary()
    return {
      executionId: this.id,
      correlationId: this.correlationId,
      status: this.#status,
      ...(this.#options.label !== undefined && { label: this.#options.label }),
      createdAt: new Date(this.#createdAt).toISOString(),
      ...(this.#startedAt !== undefined && { startedAt: new Date(this.#startedAt).toISOString() }),
      ...(this.#finishedAt !== undefined && { finishedAt: new Date(this.#finishedAt).toISOString() }),
      ...(this.#result?.success === true && { success: true, result: this.#result.result }),
      ...(this.#result?.success === false && { success: false, error: this.#result.error }),
      logs,
      logsDropped,
      toolCalls,
      usage,
    }
  }

  async #run(): Promise<void> {
    if (this.#result) return
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
    const at = this.#tickClock()
    this.#startedAt = at
    this.#status = 'running'
    const { clock, transport } = this.#options
    this.#deadlineTimer = setTimeout(() => this.#stop(executionTimeout(clock)), clock.timeoutMs)
    this.#calls = new ToolCalls({
      journal: this.#journal,
      transport,
      deadlineAt: at + clock.timeoutMs,
      trace: this.#trace.context,
      onSent: ({ callId, tool }, { input, deadline }, inputBytes) =>
        this.#events.append({ type: 'tool.called', callId, tool, input, deadline }, this.#tickClock(), inputBytes),
      onAnswer: (answer, call) => this.#takeAnswer(answer, call),
    })
    this.#events.append({ type: 'started', correlationId: this.correlationId }, at)
  }

  /** Runs one turn and journals it. Undefined when the execution is stopped, by this turn or meanwhile. */
  async #turn(delivery: Delivery): Promise<TurnEffects | undefined> {
    const at = this.#tickClock()
    const leftMs = this.#startedAt! + this.#options.clock.timeoutMs - at
    const turn = await this.#residence.turn(this.#journal.deliveryWithContent(delivery, at), leftMs)
    switch (turn.type) {
      case 'turn':
        this.#journal.append({ type: 'turn', at, delivery, effects: turn.effects })
        if (this.#journal.isFull) this.#stop(this.#journal.tooLarge())
        else this.#release(turn.effects, at)
        return turn.effects
      case 'stopped':
        this.#keepLogs(turn, at)
        this.#stop(stoppedByLimit(turn, this.#journal.header.limits, this.#options.clock))
        return undefined
      case 'failed':
        this.#stop(failure(turn.error))
        return undefined
      case 'left':
        return undefined
    }
  }

  /** Lets out what a turn put out. A turn that ends the execution sends no calls: nobody waits for them. */
  #release(effects: TurnEffects, at: number): void {
    this.#keepLogs(effects, at)
    this.#inbox.setTimer(effects.nextTimerAt)
    if (effects.end) return
    for (const call of effects.calls) this.#calls!.add(call)
  }

  #keepLogs({ logs, logsDropped }: Pick<TurnEffects, 'logs' | 'logsDropped'>, at: number): void {
    for (const { level, text } of logs) {
      this.#logs.push({ level, text, at: new Date(at).toISOString() })
      this.#events.append({ type: 'log', level, text }, at, text.length)
    }
    this.#logsDropped.entries += logsDropped.entries
    this.#logsDropped.bytes += logsDropped.bytes
  }

  /** Waits for what the guest gets next; undefined when the execution is stopped instead. */
  async #nextDelivery(): Promise<Delivery | undefined> {
    for (;;) {
      if (this.#stopped) return undefined
      const due = this.#inbox.takeDue()
      if (due) return due
      if (this.#calls!.openCount === 0 && !this.#inbox.hasTimer) {
        this.#stop(neverSettles())
        return undefined
      }
      await this.#wait()
    }
  }

  async #wait(): Promise<void> {
    const since = Date.now()
    this.#status = 'waiting'
    this.#events.append({ type: 'waiting', openCalls: this.#calls!.openCallIds }, this.#tickClock())
    await this.#inbox.change()
    this.#status = 'running'
    this.#waitMs += Date.now() - since
  }

  #takeAnswer({ call, ok, text }: AnswerText, { callId, tool, errorCode }: ExecutionRecord['toolCalls'][number]): void {
    if (this.#stopped) return
    const at = this.#tickClock()
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
    if (this.#stopped || this.#result) return
    this.#stopped = error
    this.#residence.leave()
    this.#inbox.close()
  }

  #finish(ending: Ending): void {
    if (this.#result) return
    clearTimeout(this.#deadlineTimer)
    this.#readers.stop()
    this.#residence.leave()
    const at = this.#tickClock()
    this.#finishedAt = at
    if (ending.by === 'host') this.#journal.append({ type: 'end', at, error: ending.error })
    for (const { callId, tool } of this.#calls?.cancelAll() ?? []) {
      this.#events.append({ type: 'tool.settled', callId, tool, status: 'cancelled' }, at)
    }
    const result = this.#resultOf(ending)
    this.#result = result
    this.#status = result.success ? 'completed' : result.error.code === 'CANCELLED' ? 'cancelled' : 'failed'
    this.#events.append({ type: 'finished', result }, at, this.#journal.sizeBytes)
    endExecutionSpan(this.#trace.span, result.success ? undefined : result.error.code)
    this.#options.ticket.leave()
    this.#options.onFinished(this)
    this.#resolveFinished(result)
  }

  #resultOf(ending: Ending): ExecutionResult {
    const base = { executionId: this.id, correlationId: this.correlationId, ...this.#summary() }
    if (ending.by === 'host') return { ...base, success: false, error: ending.error }
    const { end } = ending
    if (end.ok) return { ...base, success: true, result: JSON.parse(end.result) }
    const { code, name, message, stack, details } = end
    const error = {
      code,
      name,
      message,
      retryable: errorCodes[code].retryable,
      ...(stack !== undefined && { guestStack: stack }),
      ...(details !== undefined && { details }),
    }
    return { ...base, success: false, error }
  }

  #summary(): Pick<ExecutionResult, 'logs' | 'logsDropped' | 'toolCalls' | 'usage'> {
    const startedAt = this.#startedAt ?? this.#finishedAt ?? Date.now()
    const { cpuMs, turns, replays } = this.#residence
    return {
      logs: this.#logs,
      logsDropped: this.#logsDropped,
      toolCalls: this.#calls?.summaries ?? [],
      usage: {
        cpuMs: Math.round(cpuMs * 1000) / 1000,
        wallMs: (this.#finishedAt ?? Date.now()) - startedAt,
        queueMs: startedAt - this.#createdAt,
        waitMs: this.#waitMs,
        turns,
        replays,
      },
    }
  }

  /** The engine's clock for the journal: it never goes backwards, whatever the machine's does. */
  #tickClock(): number {
    this.#now = Math.max(this.#now, Date.now())
    return this.#now
  }
}
