import type { ErrorCode, LogEntry, ToolCallSummary } from '@codemode/shared'

import { describeCauses } from './describe-error.ts'
import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

interface Guest {
  /** The name of the error that the code threw, such as `TypeError`. */
  readonly errorName: string
  readonly guestStack?: string | undefined
  readonly logs: readonly LogEntry[]
  readonly toolCalls: readonly ToolCallSummary[]
  readonly errors?: readonly Error[] | undefined
}

/**
 * The code failed: it threw, broke a limit, or gave what JSON can't hold. `cause` is that of what it threw; of a failed tool
 * call, what the tool's handler threw in this process.
 */
export class ExecutionError extends ExecutorClientError {
  override readonly name: string = 'ExecutionError'
  /** The name of the error that the code threw, such as `TypeError`. */
  readonly errorName: string
  /** The stack of what was thrown, in the code's own lines; undefined where nothing was thrown. */
  readonly guestStack: string | undefined
  /** What the code wrote to its console until then, in order. */
  readonly logs: readonly LogEntry[]
  /** The calls that it made, in order, and what became of each. */
  readonly toolCalls: readonly ToolCallSummary[]
  /** The inner errors of an AggregateError that the code threw, such as those of a failed `Promise.any`. */
  readonly errors: readonly Error[] | undefined

  constructor(code: ErrorCode, message: string, options: ExecutorClientErrorOptions & Guest) {
    super(code, message, options)
    this.errorName = options.errorName
    this.guestStack = options.guestStack
    this.logs = options.logs
    this.toolCalls = options.toolCalls
    this.errors = options.errors
  }

  override toJSON(): Record<string, unknown> {
    const { errorName, guestStack, logs, toolCalls } = this
    return { ...super.toJSON(), errorName, guestStack, logs, toolCalls, ...describeCauses(this) }
  }
}
