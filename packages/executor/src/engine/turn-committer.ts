import type { Delivery, ExecutionFailure, ToolCallSummary, TurnEffects } from '@codemode/shared'

import type { DeliveryQueue } from './delivery-queue.ts'
import { EffectsValidator, type TurnLogs } from './effects-validator.ts'
import type { EventLog } from './event-log.ts'
import type { ExecutionReport } from './execution-report.ts'
import { protocolViolation } from './failures.ts'
import type { JournalLog } from './journal-log.ts'
import type { AnswerText, ToolCalls } from './tool-calls.ts'

interface TurnCommitterOptions {
  readonly journal: JournalLog
  readonly events: EventLog
  readonly report: ExecutionReport
  readonly deliveries: DeliveryQueue
}

/**
 * Committer of the turns, the answers and the end of one execution: appends each of them to the journal first, and then
 * passes its effects on to the events, the report, the delivery queue and the tool calls.
 */
export class TurnCommitter {
  readonly #options: TurnCommitterOptions
  readonly #validator: EffectsValidator

  constructor(options: TurnCommitterOptions) {
    this.#options = options
    this.#validator = new EffectsValidator(options.journal.header.limits)
  }

  /**
   * Appends a completed turn to the journal and passes its effects on. Returns the failure of the execution if the guest
   * runtime can't have reported these effects, or if the journal is full.
   */
  commitTurn(effects: TurnEffects, delivery: Delivery, at: number, calls: ToolCalls): ExecutionFailure | undefined {
    const { journal, deliveries } = this.#options
    const violation = this.#validator.check(effects)
    if (violation !== undefined) return protocolViolation(violation)
    journal.append({ type: 'turn', at, delivery, effects })
    if (journal.isFull) return journal.tooLarge()
    this.#addLogs(effects, at)
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
   * Appends the answer to a call to the journal, and queues its delivery. Returns the failure of the execution if the
   * journal is full.
   */
  commitAnswer({ call, ok, text }: AnswerText, summary: ToolCallSummary, at: number): ExecutionFailure | undefined {
    const { journal, events, deliveries } = this.#options
    journal.append({ type: 'answer', at, call, ok, text })
    if (journal.isFull) return journal.tooLarge()
    const { callId, tool, errorCode } = summary
    const status = ok ? 'completed' : 'failed'
    events.append({ type: 'tool.settled', callId, tool, status, ...(errorCode !== undefined && { errorCode }) }, at)
    deliveries.addAnswer(call, at)
    return undefined
  }

  /** Appends the end that the host has set to the journal, with the logs of a turn that it stopped. */
  commitEnd(error: ExecutionFailure, logs: TurnLogs | undefined, at: number): void {
    this.#options.journal.append({ type: 'end', at, error, ...logs })
    if (logs) this.#addLogs(logs, at)
  }

  #addLogs(output: TurnLogs, at: number): void {
    const { events, report } = this.#options
    report.addLogs(output, at)
    if (output.warnings) report.setWarnings(output.warnings)
    for (const { level, text } of output.logs) events.append({ type: 'log', level, text }, at)
  }
}
