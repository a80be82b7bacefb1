import {
  errorCodes,
  type ExecutionFailure,
  type ExecutionRecord,
  type ExecutionResult,
  type ExecutionStatus,
  type GuestEnd,
  type LogEntry,
  type ToolCallSummary,
  type TurnEffects,
} from '@codemode/shared'

/** How an execution ends: by the guest, or by the host's decision. */
export type Ending =
  | { readonly by: 'guest'; readonly end: GuestEnd }
  | { readonly by: 'host'; readonly error: ExecutionFailure }

interface ReportSources {
  readonly executionId: string
  readonly correlationId: string
  readonly label: string | undefined
  readonly createdAt: number
  /** What the guest has used so far. */
  readonly residence: { readonly cpuMs: number; readonly turns: number; readonly replays: number }
  readonly toolCalls: () => ToolCallSummary[]
  readonly now: () => number
}

/** What is told of an execution: its status, its times, its console output, and in the end its result. */
export class ExecutionReport {
  status: ExecutionStatus = 'queued'
  startedAt: number | undefined
  /** Wall time in which no turn ran or was due. */
  waitMs = 0
  readonly #sources: ReportSources
  readonly #logs: LogEntry[] = []
  readonly #logsDropped = { entries: 0, bytes: 0 }
  #finishedAt: number | undefined
  #result: ExecutionResult | undefined

  constructor(sources: ReportSources) {
    this.#sources = sources
  }

  get result(): ExecutionResult | undefined {
    return this.#result
  }

  addLogs({ logs, logsDropped }: Pick<TurnEffects, 'logs' | 'logsDropped'>, at: number): void {
    for (const { level, text } of logs) this.#logs.push({ level, text, at: timestamp(at) })
    this.#logsDropped.entries += logsDropped.entries
    this.#logsDropped.bytes += logsDropped.bytes
  }

  /** Fixes the result and the final status. */
  finish(ending: Ending, at: number): ExecutionResult {
    this.#finishedAt = at
    const { executionId, correlationId } = this.#sources
    const base = { executionId, correlationId, ...this.#summary() }
    this.#result =
      ending.by === 'guest' && ending.end.ok
        ? { ...base, success: true, result: JSON.parse(ending.end.result) }
        : { ...base, success: false, error: ending.by === 'host' ? ending.error : failureOf(ending.end) }
    if (this.#result.success) this.status = 'completed'
    else this.status = this.#result.error.code === 'CANCELLED' ? 'cancelled' : 'failed'
    return this.#result
  }

  record(): ExecutionRecord {
    const { executionId, correlationId, label, createdAt } = this.#sources
    return {
      executionId,
      correlationId,
      status: this.status,
      ...(label !== undefined && { label }),
      createdAt: timestamp(createdAt),
      ...(this.startedAt !== undefined && { startedAt: timestamp(this.startedAt) }),
      ...(this.#finishedAt !== undefined && { finishedAt: timestamp(this.#finishedAt) }),
      ...(this.#result?.success === true && { success: true, result: this.#result.result }),
      ...(this.#result?.success === false && { success: false, error: this.#result.error }),
      ...this.#summary(),
    }
  }

  #summary(): Pick<ExecutionResult, 'logs' | 'logsDropped' | 'toolCalls' | 'usage'> {
    const { createdAt, residence, toolCalls, now } = this.#sources
    const until = this.#finishedAt ?? now()
    const startedAt = this.startedAt ?? until
    return {
      logs: [...this.#logs],
      logsDropped: { ...this.#logsDropped },
      toolCalls: toolCalls(),
      usage: {
        cpuMs: Math.round(residence.cpuMs * 1000) / 1000,
        wallMs: until - startedAt,
        queueMs: startedAt - createdAt,
        waitMs: this.waitMs,
        turns: residence.turns,
        replays: residence.replays,
      },
    }
  }
}

/** The size of what an execution ended with. */
export function endBytes(ending: Ending): number {
  const text = ending.by === 'guest' && ending.end.ok ? ending.end.result : JSON.stringify(ending)
  return Buffer.byteLength(text)
}

function failureOf(end: GuestEnd): ExecutionFailure {
  if (end.ok) throw new Error('a value is no failure')
  const { code, name, message, stack, details } = end
  return {
    code,
    name,
    message,
    retryable: errorCodes[code].retryable,
    ...(stack !== undefined && { guestStack: stack }),
    ...(details !== undefined && { details }),
  }
}

function timestamp(at: number): string {
  return new Date(at).toISOString()
}
