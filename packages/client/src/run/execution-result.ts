import {
  executionResultSchema,
  type Approval,
  type ErrorCode,
  type ExecutionFailure,
  type ExecutionRecord,
  type ExecutionResult as WireResult,
  type Json,
  type LogEntry,
  type PausedExecution as WirePaused,
  type StepResult,
  type ToolCallSummary,
  type Usage,
  type Warning,
} from '@codemode/shared'

import { describeCauses, summaryOf } from '../errors/describe-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { nameOf } from '../errors/thrown.ts'
import { malformed } from '../http/parse-response.ts'

/** Status of an execution that has ended. */
export type FinalStatus = 'completed' | 'failed' | 'cancelled'

/** Status of an execution for which a client no longer waits: it has ended, or waits for approvals at the executor. */
export type SettledStatus = FinalStatus | 'paused'

/** Source of a result: the executor, or a wrapper around it, such as a cache or a fallback. */
export type ResultSource = 'executor' | 'cache' | 'fallback' | 'degraded'

interface ResultFields {
  /** Id of the execution, the same as in its handle and at the executor. */
  readonly executionId: string
  /** Id shared by client, executor, tool calls and logs. */
  readonly correlationId: string
  /** Console output of the code, in order. */
  readonly logs: readonly LogEntry[]
  /** Entries and bytes of console output that were dropped because they exceeded the limit. */
  readonly logsDropped: { readonly entries: number; readonly bytes: number }
  /** Tool calls of the code, in order, each with its outcome. */
  readonly toolCalls: readonly ToolCallSummary[]
  /** Probable mistakes in the code that did not make it fail, such as an Error that it returned; at most 20. */
  readonly warnings: readonly Warning[]
  /** CPU time, wall time and turns of the execution; times in milliseconds. */
  readonly usage: Usage
  /** Source of the result: `executor`, or the wrapper around it that supplied the result. */
  readonly source: ResultSource
  /** Session and number of the step, and whether the session has the state after it; absent if the execution is no step. */
  readonly session?: StepResult | undefined
}

/** Result of an execution that ended with a value. */
export interface SucceededExecution<T = Json> extends ResultFields {
  /** Discriminant: true for a result with a value. */
  readonly success: true
  /** Absent, in contrast to a paused execution. */
  readonly status?: undefined
  /** Value of the code, as JSON. */
  readonly result: T
}

/**
 * Result of an execution that failed, mostly because its code failed. In the results of `executeAll` and of sessions it may also stand
 * for a failed request, with the code and message of its error and without logs, calls and usage.
 */
export interface FailedExecution extends ResultFields {
  /** Discriminant: false for a failure. */
  readonly success: false
  /** Absent, in contrast to a paused execution. */
  readonly status?: undefined
  /** Error code, name and message of the thrown error, and its stack with line numbers of the code. */
  readonly error: Omit<ExecutionFailure, 'code'> & { readonly code: ErrorCode }
}

/**
 * Execution that can only continue by an approval. It has not ended: the executor keeps it, and it goes on when its approvals
 * are decided and a client resumes it. It has neither a value nor an error; its logs, calls and usage are empty here, and are
 * in its record.
 */
export interface PausedExecution extends ResultFields {
  /** False: there is no value yet. */
  readonly success: false
  /** Discriminant: `paused`, in contrast to a failed execution. */
  readonly status: 'paused'
  /** Approvals that are pending. */
  readonly approvals: readonly Approval[]
}

/** Result of an execution that has ended, with `success` as its discriminant. */
export type EndedExecution<T = Json> = SucceededExecution<T> | FailedExecution

/** Result of an execution, or the approvals for which it waits, with `status: 'paused'` as the discriminant. */
export type ExecutionResult<T = Json> = EndedExecution<T> | PausedExecution

/** Returns the client's form of a result from the wire. */
export function resultFromWire<T = Json>(result: WireResult): EndedExecution<T> {
  return { ...result, source: 'executor' } as EndedExecution<T>
}

/** Returns the result in the record of an execution that has ended. Throws INVALID_RESPONSE if there is none. */
export function resultOfRecord(record: ExecutionRecord): EndedExecution {
  const result = executionResultSchema.safeParse(record)
  if (!result.success) throw malformed('record', result.error)
  return resultFromWire(result.data)
}

/** Returns the client's form of a paused execution from the wire. */
export function pausedFromWire({ executionId, correlationId, approvals }: Omit<WirePaused, 'status'>): PausedExecution {
  const ids = { executionId, correlationId }
  return { success: false, status: 'paused', ...ids, approvals, ...emptyRunFields(), source: 'executor' }
}

/** Returns the status of an execution that ended with this result. */
export function statusOf(result: EndedExecution): FinalStatus
/** Returns the status of an execution that ended with this result, or is paused. */
export function statusOf(result: ExecutionResult): SettledStatus
export function statusOf(result: ExecutionResult): SettledStatus {
  if (result.success) return 'completed'
  if (result.status === 'paused') return 'paused'
  return result.error.code === 'CANCELLED' ? 'cancelled' : 'failed'
}

/** Returns the fields of a result for code that was not run. */
export function emptyRunFields(): Pick<ResultFields, 'logs' | 'logsDropped' | 'toolCalls' | 'warnings' | 'usage'> {
  return {
    logs: [],
    logsDropped: { entries: 0, bytes: 0 },
    toolCalls: [],
    warnings: [],
    usage: { cpuMs: 0, wallMs: 0, queueMs: 0, waitMs: 0, turns: 0, replays: 0 },
  }
}

/** Returns the error of a failed request as a failed result, with causes and inner errors. */
export function failedResultOf(error: unknown, ids: { executionId: string; correlationId: string }): FailedExecution {
  const { code, name, message, retryable, details, hint, executionId, correlationId } = errorFieldsOf(error)
  return {
    success: false,
    error: {
      code: code as ErrorCode,
      name,
      message,
      retryable,
      ...(details && { details }),
      ...(hint !== undefined && { hint }),
      ...describeCauses(error),
    },
    executionId: executionId ?? ids.executionId,
    correlationId: correlationId ?? ids.correlationId,
    ...emptyRunFields(),
    source: 'executor',
  }
}

type ErrorFields = Pick<ExecutorClientError, 'code' | 'name' | 'message' | 'retryable'> & Partial<ExecutorClientError>

function errorFieldsOf(error: unknown): ErrorFields {
  if (error instanceof ExecutorClientError) return error
  // When both executors of a fallback have failed, the error of the second is reported.
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : undefined
  if (last instanceof ExecutorClientError) return last
  return { code: 'INTERNAL', name: nameOf(error), message: summaryOf(error), retryable: false }
}
