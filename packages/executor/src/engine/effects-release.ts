import type { Delivery, ExecutionFailure, ToolCallSummary, TurnEffects } from '@codemode/shared'

import type { DeliveryQueue } from './delivery-queue.ts'
import { EffectsValidator, type TurnLogs } from './effects-validator.ts'
import type { EventLog } from './event-log.ts'
import type { ExecutionReport } from './execution-report.ts'
import { protocolViolation } from './failures.ts'
import type { JournalLog } from './journal-log.ts'
import type { AnswerText, ToolCalls } from './tool-calls.ts'

interface ReleaseOptions {
  readonly journal: JournalLog
  readonly events: EventLog
  readonly report: ExecutionReport
  readonly deliveries: DeliveryQueue
}

/**
 * Release of the effects of one execution. Appends each turn and each answer to the journal first, and then passes them
 * on to the events, the report, the delivery queue and the tool calls.
 */
export class EffectsRelease {
  readonly #options: ReleaseOptions
  readonly #validator: EffectsValidator

  constructor(options: ReleaseOptions) {
    this.#options = options
    this.#validator = new EffectsValidator(options.journal.header.limits)
  }

  /**
   * Journals a completed turn and releases its effects. Returns the failure of the execution if the guest runtime can't
   * have reported these effects, or if the journal is full.
   */
  turn(effects: TurnEffects, delivery: Delivery, at: number, calls: ToolCalls): ExecutionFailure | undefined {
    const { journal, deliveries } = this.#options
    const violation = this.#validator.check(effects)
    if (violation !== undefined) return protocolViolation(violation)
    journal.append({ type: 'turn', at, delivery, effects })
    if (journal.isFull) return journal.tooLarge()
    this.#releaseLogs(effects, at)
    deliveries.setTimer(effects.nextTimerAt)
    // The calls of a turn that ends the execution are not sent, because the guest no longer waits for them.
    if (!effects.end) for (const call of effects.calls) calls.add(call)
    return undefined
  }

  /** Returns the logs of a turn that did not complete; undefined if they exceed their limit. */
  checkedLogs(logs: TurnLogs): TurnLogs | undefined {
    return this.#validator.checkedLogs(logs)
  }

  /**
   * Journals the answer to a call and queues its delivery. Returns the failure of the execution if the journal is full.
   */
  answer({ call, ok, text }: AnswerText, summary: ToolCallSummary, at: number): ExecutionFailure | undefined {
    const { journal, events, deliveries } = this.#options
    journal.append({ type: 'answer', at, call, ok, text })
    if (journal.isFull) return journal.tooLarge()
    const { callId, tool, errorCode } = summary
    const status = ok ? 'completed' : 'failed'
    events.append({ type: 'tool.settled', callId, tool, status, ...(errorCode !== undefined && { errorCode }) }, at)
    deliveries.addAnswer(call, at)
    return undefined
  }

  /** Journals the end that the host has set, with the logs of a turn that it stopped, and releases these logs. */
  end(error: ExecutionFailure, logs: TurnLogs | undefined, at: number): void {
    this.#options.journal.append({ type: 'end', at, error, ...logs })
    if (logs) this.#releaseLogs(logs, at)
  }

  #releaseLogs(output: TurnLogs, at: number): void {
    const { events, report } = this.#options
    report.addLogs(output, at)
    for (const { level, text } of output.logs) events.append({ type: 'log', level, text }, at)
  }
}
