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
  readonly hint?: string | undefined
  readonly details?: JsonObject | undefined
  readonly cause?: unknown
}

/**
 * Base class of every error of this package. `code` is one of the closed set of `ErrorCode`, except in a `ToolError`,
 * whose code the tool chooses. Errors never contain an API key, a token or a URL with one.
 */
export class ExecutorClientError extends Error {
  override readonly name: string = 'ExecutorClientError'
  /** Error code; `docs/errors.md` lists the codes. */
  readonly code: ErrorCode | (string & {})
  /** Id shared by client, executor, tool calls and logs. */
  readonly correlationId: string | undefined
  /** Id of the execution that the error is about, if any. */
  readonly executionId: string | undefined
  /** Whether the same request, unchanged, may succeed later. */
  readonly retryable: boolean
  /** Whether the code may have run although the request failed. */
  readonly ambiguous: boolean
  /** Number of attempts of the request; 0 if there was none. */
  readonly attempts: number
  /** HTTP status of the response, if there was one. */
  readonly httpStatus: number | undefined
  /** Milliseconds that the executor asks to wait before the next attempt. */
  readonly retryAfterMs: number | undefined
  /** Advice on the way to fix the problem. */
  readonly suggestion: string | undefined
  /** Sentence for the author of the failed code on the likely correction; it is not part of the message. */
  readonly hint: string | undefined
  /** Machine-readable facts, which depend on the code. */
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
    this.hint = options.hint
    this.details = options.details
  }

  /** Returns the error for a log or a response: all fields, causes by name, code and message only, and no stack. */
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
      hint: this.hint,
      details: this.details,
      ...describeCauses(this),
    }
  }
}

/**
 * Sets the number of attempts and `ambiguous` in an error after the last attempt, and returns the same error. An error
 * that has a number of attempts is left unchanged.
 */
export function concludeError(
  error: ExecutorClientError,
  end: { readonly attempts: number; readonly ambiguous: boolean },
): ExecutorClientError {
  if (error.attempts > 0) return error
  const writable = error as { -readonly [Key in keyof ExecutorClientError]: ExecutorClientError[Key] }
  writable.attempts = end.attempts
  writable.ambiguous = error.ambiguous || end.ambiguous
  if (end.attempts > 1) writable.message = `${error.message} (after ${end.attempts} attempts)`
  return error
}
