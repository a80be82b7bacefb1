import type { ErrorCode, LogEntry, ToolCallSummary, Warning } from '@codemode/shared'

import { describeCauses } from './describe-error.ts'
import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

interface GuestErrorFields {
  /** Name of the error that the code threw, such as `TypeError`. */
  readonly errorName: string
  readonly guestStack?: string | undefined
  readonly logs: readonly LogEntry[]
  readonly toolCalls: readonly ToolCallSummary[]
  readonly warnings: readonly Warning[]
  readonly errors?: readonly Error[] | undefined
}

/**
 * Error of code that failed: it threw, exceeded a limit, or returned a value that JSON can't represent. `cause` is the
 * cause of the thrown error; for a failed tool call, the value that the tool's handler threw in this process.
 */
export class ExecutionError extends ExecutorClientError {
  override readonly name: string = 'ExecutionError'
  /** Name of the error that the code threw, such as `TypeError`. */
  readonly errorName: string
  /** Stack of the thrown error, with line numbers of the code; undefined if the code threw no error. */
  readonly guestStack: string | undefined
  /** Console output of the code, in order. */
  readonly logs: readonly LogEntry[]
  /** Tool calls of the code, in order, each with its outcome. */
  readonly toolCalls: readonly ToolCallSummary[]
  /** Probable mistakes in the code besides the failure; with the code `GUEST_WARNINGS`, those that are the failure. */
  readonly warnings: readonly Warning[]
  /** Inner errors of an AggregateError that the code threw, such as those of a failed `Promise.any`. */
  readonly errors: readonly Error[] | undefined

  constructor(code: ErrorCode, message: string, options: ExecutorClientErrorOptions & GuestErrorFields) {
    super(code, message, options)
    this.errorName = options.errorName
    this.guestStack = options.guestStack
    this.logs = options.logs
    this.toolCalls = options.toolCalls
    this.warnings = options.warnings
    this.errors = options.errors
  }

  override toJSON(): Record<string, unknown> {
    const { errorName, guestStack, logs, toolCalls, warnings } = this
    return { ...super.toJSON(), errorName, guestStack, logs, toolCalls, warnings, ...describeCauses(this) }
  }
}
