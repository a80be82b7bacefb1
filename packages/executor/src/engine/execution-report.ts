import {
  callIdOf,
  errorCodes,
  type ExecutionErrorCode,
  type ExecutionFailure,
  type ExecutionRecord,
  type ExecutionResult,
  type ExecutionStatus,
  type GuestEnd,
  type LogEntry,
  type ToolCallSummary,
  type Warning,
} from '@codemode/shared'

import type { TurnLogs } from './effects-validator.ts'
import { jsonText, withJsonField, type JsonText } from './json-field.ts'

/** Ending of an execution, by the guest or by a decision of the host. */
export type Ending =
  | { readonly by: 'guest'; readonly end: GuestEnd }
  | { readonly by: 'host'; readonly error: ExecutionFailure }

/** Ending of an execution in the form of the result. */
type Outcome =
  | { readonly success: true; readonly result: JsonText }
  | { readonly success: false; readonly error: ExecutionFailure }

/** Memory that a log entry takes in addition to its text, in bytes, as measured. */
const logEntryBytes = 150
/** Memory that the summary of a tool call takes, in bytes, as measured. */
const toolCallBytes = 512

interface ReportFacts {
  readonly executionId: string
  readonly correlationId: string
  readonly label: string | undefined
  readonly createdAt: number
}

/** State that is read while the execution runs. */
interface ReportSources {
  /** CPU time, turns and replays of the guest so far. */
  readonly guest: { readonly cpuMs: number; readonly turns: number; readonly replays: number }
  /** Returns the tool calls so far; undefined before the execution begins. */
  readonly toolCalls: () => { readonly summaries: ToolCallSummary[] } | undefined
  readonly now: () => number
}

type Summary = Pick<ExecutionResult, 'logs' | 'logsDropped' | 'toolCalls' | 'warnings' | 'usage'>

/** Report on an execution: its status, its times, its console output and, in the end, its result. */
export class ExecutionReport {
  status: ExecutionStatus = 'queued'
  startedAt: number | undefined
  /** Wall time in milliseconds during which no turn ran or was due. */
  waitMs = 0
  readonly #facts: ReportFacts
  /** Undefined after the execution has ended. */
  #sources: ReportSources | undefined
  #final: Summary | undefined
  readonly #logs: LogEntry[] = []
  readonly #logsDropped = { entries: 0, bytes: 0 }
  #warnings: readonly Warning[] = []
  #finishedAt: number | undefined
  #outcome: Outcome | undefined

  constructor({ guest, toolCalls, now, ...facts }: ReportFacts & ReportSources) {
    this.#facts = facts
    this.#sources = { guest, toolCalls, now }
  }

  get ended(): boolean {
    return this.#outcome !== undefined
  }

  /** Error code of the failure; undefined if the execution has not ended or has succeeded. */
  get errorCode(): ExecutionErrorCode | undefined {
    return this.#outcome?.success === false ? this.#outcome.error.code : undefined
  }

  /** Memory of the report and of the call summaries in it, in bytes. The texts of the logs count in the journal. */
  get heapBytes(): number {
    return logEntryBytes * this.#logs.length + toolCallBytes * this.#summary().toolCalls.length
  }

  addLogs({ logs, logsDropped }: TurnLogs, at: number): void {
    for (const { level, text } of logs) this.#logs.push({ level, text, at: timestamp(at) })
    this.#logsDropped.entries += logsDropped.entries
    this.#logsDropped.bytes += logsDropped.bytes
  }

  /** Fixes the result and the final status, and releases the references to the running execution. */
  finish(ending: Ending, at: number): void {
    this.#finishedAt = at
    if (ending.by === 'guest') this.setWarnings(ending.end.warnings ?? [])
    this.#outcome =
      ending.by === 'guest' && ending.end.ok
        ? { success: true, result: jsonText(ending.end.result) }
        : { success: false, error: ending.by === 'host' ? ending.error : failureOfGuestEnd(ending.end) }
    if (this.#outcome.success) this.status = 'completed'
    else this.status = this.#outcome.error.code === 'CANCELLED' ? 'cancelled' : 'failed'
    this.#final = this.#summary()
    this.#sources = undefined
  }

  /** Returns the `ExecutionResult`; its value is the guest's own JSON text. */
  result(): JsonText {
    const { executionId, correlationId } = this.#facts
    return this.#withOutcome({ executionId, correlationId, ...this.#summary() })
  }

  /** Returns the `ExecutionRecord`. */
  record(): JsonText {
    const { executionId, correlationId, label, createdAt } = this.#facts
    return this.#withOutcome({
      executionId,
      correlationId,
      status: this.status,
      ...(label !== undefined && { label }),
      createdAt: timestamp(createdAt),
      ...(this.startedAt !== undefined && { startedAt: timestamp(this.startedAt) }),
      ...(this.#finishedAt !== undefined && { finishedAt: timestamp(this.#finishedAt) }),
      ...this.#summary(),
    } satisfies ExecutionRecord)
  }

  #withOutcome(fields: object): JsonText {
    if (this.#outcome === undefined) return jsonText(JSON.stringify(fields))
    const { success } = this.#outcome
    return this.#outcome.success
      ? withJsonField({ success, ...fields }, 'result', this.#outcome.result)
      : jsonText(JSON.stringify({ success, error: this.#outcome.error, ...fields }))
  }

  /** Sets the warnings of the guest, which replace those before. */
  setWarnings(warnings: NonNullable<TurnLogs['warnings']>): void {
    const { executionId } = this.#facts
    this.#warnings = warnings.map(({ call, ...warning }) => ({
      ...warning,
      ...(call !== undefined && { callId: callIdOf(executionId, call) }),
    }))
  }

  #summary(): Summary {
    if (this.#sources === undefined) return this.#final!
    const { guest, toolCalls, now } = this.#sources
    const { createdAt } = this.#facts
    const until = this.#finishedAt ?? now()
    const startedAt = this.startedAt ?? until
    return {
      logs: [...this.#logs],
      logsDropped: { ...this.#logsDropped },
      toolCalls: toolCalls()?.summaries ?? [],
      warnings: [...this.#warnings],
      usage: {
        cpuMs: Math.round(guest.cpuMs * 1000) / 1000,
        wallMs: until - startedAt,
        queueMs: startedAt - createdAt,
        waitMs: this.waitMs,
        turns: guest.turns,
        replays: guest.replays,
      },
    }
  }
}

function failureOfGuestEnd(end: GuestEnd): ExecutionFailure {
  if (end.ok) throw new Error('failureOfGuestEnd requires the end of a failed execution')
  const { code, name, message, hint, stack, details, call, cause, errors } = end
  return {
    code,
    name,
    message,
    retryable: errorCodes[code].retryable,
    ...(hint !== undefined && { hint }),
    ...(stack !== undefined && { guestStack: stack }),
    ...(details !== undefined && { details }),
    ...(call !== undefined && { call }),
    ...(cause !== undefined && { cause }),
    ...(errors !== undefined && { errors }),
  }
}

function timestamp(at: number): string {
  return new Date(at).toISOString()
}
