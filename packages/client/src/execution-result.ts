import type {
  ErrorCode,
  ExecutionFailure,
  ExecutionResult as WireResult,
  Json,
  LogEntry,
  ToolCallSummary,
  Usage,
  Warning,
} from '@codemode/shared'

import { describeCauses, summaryOf } from './errors/describe-error.ts'
import { ExecutorClientError } from './errors/executor-client-error.ts'
import { nameOf } from './errors/thrown.ts'

/** The ways in which an execution ends. */
export type FinalStatus = 'completed' | 'failed' | 'cancelled'

/** Where a result comes from: the executor, or what was composed around it. */
export type ResultSource = 'executor' | 'cache' | 'fallback' | 'degraded'

interface ResultFields {
  /** The id of the execution; that of its handle and of the executor. */
  readonly executionId: string
  /** The id that client, executor, tool calls and logs share. */
  readonly correlationId: string
  /** What the code wrote to its console, in order. */
  readonly logs: readonly LogEntry[]
  /** How much of the console did not fit. */
  readonly logsDropped: { readonly entries: number; readonly bytes: number }
  /** The calls that the code made, in order, and what became of each. */
  readonly toolCalls: readonly ToolCallSummary[]
  /** Probable mistakes of the code that did not make it fail, such as an Error that it returned; at most 20. */
  readonly warnings: readonly Warning[]
  /** CPU and wall time, in milliseconds. */
  readonly usage: Usage
  /** Where it comes from; `executor` unless something was composed around it. */
  readonly source: ResultSource
}

/** An execution that ended with a value. */
export interface SucceededExecution<T = Json> extends ResultFields {
  /** Tells it from a failed one. */
  readonly success: true
  /** What the code gave, as JSON. */
  readonly result: T
}

/**
 * An execution that failed: mostly because its code did. In the results of `executeAll` it may also be a request that
 * failed, with the code and message of that error and no logs, calls or usage.
 */
export interface FailedExecution extends ResultFields {
  /** Tells it from one that succeeded. */
  readonly success: false
  /** Why it failed: a code, the name and message of what was thrown, and its stack in the lines of the code. */
  readonly error: Omit<ExecutionFailure, 'code'> & { readonly code: ErrorCode }
}

/** How an execution ended; `success` tells the two apart. */
export type ExecutionResult<T = Json> = SucceededExecution<T> | FailedExecution

/** The client's view of a result from the wire. */
export function resultFromWire<T = Json>(result: WireResult): ExecutionResult<T> {
  return { ...result, source: 'executor' } as ExecutionResult<T>
}

/** The status of an execution that ended so. */
export function statusOf(result: ExecutionResult): FinalStatus {
  if (result.success) return 'completed'
  return result.error.code === 'CANCELLED' ? 'cancelled' : 'failed'
}

/** What a result says of code that was not run. */
export function nothingRan(): Pick<ResultFields, 'logs' | 'logsDropped' | 'toolCalls' | 'warnings' | 'usage'> {
  return {
    logs: [],
    logsDropped: { entries: 0, bytes: 0 },
    toolCalls: [],
    warnings: [],
    usage: { cpuMs: 0, wallMs: 0, queueMs: 0, waitMs: 0, turns: 0, replays: 0 },
  }
}

/** Returns what a failed request threw as the result of its execution, with causes and inner errors. */
export function failureOf(error: unknown, ids: { executionId: string; correlationId: string }): FailedExecution {
  const { code, name, message, retryable, details, executionId, correlationId } = describe(error)
  return {
    success: false,
    error: { code: code as ErrorCode, name, message, retryable, ...(details && { details }), ...describeCauses(error) },
    executionId: executionId ?? ids.executionId,
    correlationId: correlationId ?? ids.correlationId,
    ...nothingRan(),
    source: 'executor',
  }
}

type Described = Pick<ExecutorClientError, 'code' | 'name' | 'message' | 'retryable'> & Partial<ExecutorClientError>

function describe(error: unknown): Described {
  if (error instanceof ExecutorClientError) return error
  // Of a fallback, both of whose executors have failed, the second's error is the later news.
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : undefined
  if (last instanceof ExecutorClientError) return last
  return { code: 'INTERNAL', name: nameOf(error), message: summaryOf(error), retryable: false }
}
