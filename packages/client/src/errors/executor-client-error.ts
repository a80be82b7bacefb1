import type { ErrorCode, JsonObject } from '@codemode/shared'

import { describeCauses } from './describe-error.ts'

/** Properties of an ExecutorClientError besides its code and message; none is required. */
export interface ExecutorClientErrorOptions {
  readonly correlationId?: string | undefined
  readonly executionId?: string | undefined
  readonly retryable?: boolean | undefined
  readonly ambiguous?: boolean | undefined
  readonly attempts?: number | undefined
  readonly httpStatus?: number | undefined
  readonly retryAfterMs?: number | undefined
  readonly suggestion?: string | undefined
  readonly details?: JsonObject | undefined
  readonly cause?: unknown
}

/**
 * Base class of every error of this package. `code` is one of the closed set of `ErrorCode`, except in a `ToolError`, whose
 * code is the tool's own. It never holds a key, a token or a URL with one.
 */
export class ExecutorClientError extends Error {
  override readonly name: string = 'ExecutorClientError'
  /** What went wrong; `docs/errors.md` lists the codes. */
  readonly code: ErrorCode | (string & {})
  /** The id that client, executor, tool calls and logs share. */
  readonly correlationId: string | undefined
  /** The execution that it is about, if there is one. */
  readonly executionId: string | undefined
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean
  /** Whether the code may have run although the request failed. */
  readonly ambiguous: boolean
  /** How often the request was tried. */
  readonly attempts: number
  /** The status of the executor's answer, if there was one. */
  readonly httpStatus: number | undefined
  /** How long the executor asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** What to do about it. */
  readonly suggestion: string | undefined
  /** Facts for programs; which ones depends on the code. */
  readonly details: JsonObject | undefined

  constructor(code: ErrorCode | (string & {}), message: string, options: ExecutorClientErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.correlationId = options.correlationId
    this.executionId = options.executionId
    this.retryable = options.retryable ?? false
    this.ambiguous = options.ambiguous ?? false
    this.attempts = options.attempts ?? 0
    this.httpStatus = options.httpStatus
    this.retryAfterMs = options.retryAfterMs
    this.suggestion = options.suggestion
    this.details = options.details
  }

  /** Returns the error for a log or an answer: all fields, causes by name, code and message only, and no stack. */
  toJSON(): Record<string, unknown> {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      correlationId: this.correlationId,
      executionId: this.executionId,
      retryable: this.retryable,
      ambiguous: this.ambiguous,
      attempts: this.attempts,
      httpStatus: this.httpStatus,
      retryAfterMs: this.retryAfterMs,
      suggestion: this.suggestion,
      details: this.details,
      ...describeCauses(this),
    }
  }
}

/**
 * Writes into an error what is known only when all attempts are over; the error stays the one that was thrown. An error
 * that says how many attempts there were is left as it is.
 */
export function concludeError(
  error: ExecutorClientError,
  end: { readonly attempts: number; readonly ambiguous: boolean },
): ExecutorClientError {
  if (error.attempts > 0) return error
  const open = error as { -readonly [Key in keyof ExecutorClientError]: ExecutorClientError[Key] }
  open.attempts = end.attempts
  open.ambiguous = error.ambiguous || end.ambiguous
  if (end.attempts > 1) open.message = `${error.message} (after ${end.attempts} attempts)`
  return error
}
