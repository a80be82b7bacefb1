import type { JsonObject } from '../json.ts'
import { errorCodes, type RequestErrorCode } from './codes.ts'
import type { ErrorBody } from './error-body.ts'

interface RequestErrorOptions {
  /** The execution that the request was about. */
  readonly executionId?: string
  /** Facts for programs. */
  readonly details?: JsonObject
  /** What the caller can do about it. */
  readonly suggestion?: string
  /** How long the client should wait before it tries again, in seconds; sent as `retry-after`. */
  readonly retryAfterSeconds?: number
  /** Whether the code may have run, or be running, although the request failed; false by default. */
  readonly ambiguous?: boolean
  readonly cause?: unknown
}

/** A request that the executor refuses or cannot serve: it becomes an HTTP answer with the code's status. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** What went wrong; it sets the status of the answer. */
  readonly code: RequestErrorCode
  /** The execution that the request was about, if any. */
  readonly executionId: string | undefined
  /** Facts for programs; which ones depends on the code. */
  readonly details: JsonObject | undefined
  /** What the caller can do about it. */
  readonly suggestion: string | undefined
  /** How long the client should wait before it tries again, in seconds; sent as `retry-after`. */
  readonly retryAfterSeconds: number | undefined
  /** Whether the code may have run, or be running, although the request failed. */
  readonly ambiguous: boolean

  constructor(code: RequestErrorCode, message: string, options: RequestErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.executionId = options.executionId
    this.details = options.details
    this.suggestion = options.suggestion
    this.retryAfterSeconds = options.retryAfterSeconds
    this.ambiguous = options.ambiguous ?? false
  }

  /** The status of the HTTP answer. */
  get httpStatus(): number {
    return errorCodes[this.code].httpStatus
  }

  /** The body of the HTTP answer. */
  toBody(correlationId: string): ErrorBody {
    return {
      error: {
        code: this.code,
        message: this.message,
        retryable: errorCodes[this.code].retryable,
        ambiguous: this.ambiguous,
        correlationId,
        ...(this.executionId !== undefined && { executionId: this.executionId }),
        ...(this.details !== undefined && { details: this.details }),
        ...(this.suggestion !== undefined && { suggestion: this.suggestion }),
      },
    }
  }
}
