import type { JsonObject } from '../json.ts'
import { errorCodes, type RequestErrorCode } from './codes.ts'
import type { ErrorBody } from './error-body.ts'

interface RequestErrorOptions {
  /** Id of the execution that the request was about. */
  readonly executionId?: string
  /** Machine-readable facts. */
  readonly details?: JsonObject
  /** Advice to the caller. */
  readonly suggestion?: string
  /** Seconds that the client should wait before it tries again; sent as `retry-after`. */
  readonly retryAfterSeconds?: number
  /** Whether the same request may succeed later; depends on the code by default. */
  readonly retryable?: boolean
  /** Whether the code may have run, or be running, although the request failed; false by default. */
  readonly ambiguous?: boolean
  readonly cause?: unknown
}

/** Error of a request that the executor refuses or cannot serve; sent as an HTTP response with the code's status. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** Error code, which determines the status of the response. */
  readonly code: RequestErrorCode
  /** Id of the execution that the request was about, if any. */
  readonly executionId: string | undefined
  /** Machine-readable facts, which depend on the code. */
  readonly details: JsonObject | undefined
  /** Advice to the caller. */
  readonly suggestion: string | undefined
  /** Seconds that the client should wait before it tries again; sent as `retry-after`. */
  readonly retryAfterSeconds: number | undefined
  /** Whether the code may have run, or be running, although the request failed. */
  readonly ambiguous: boolean
  /** Whether the same request, unchanged, may succeed later. */
  readonly retryable: boolean

  constructor(code: RequestErrorCode, message: string, options: RequestErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.executionId = options.executionId
    this.details = options.details
    this.suggestion = options.suggestion
    this.retryAfterSeconds = options.retryAfterSeconds
    this.ambiguous = options.ambiguous ?? false
    this.retryable = options.retryable ?? errorCodes[code].retryable
  }

  /** Status of the HTTP response. */
  get httpStatus(): number {
    return errorCodes[this.code].httpStatus
  }

  /** Returns the body of the HTTP response. The cause is not part of it. */
  toBody(correlationId: string): ErrorBody {
    return {
      error: {
        code: this.code,
        message: this.message,
        retryable: this.retryable,
        ambiguous: this.ambiguous,
        correlationId,
        ...(this.executionId !== undefined && { executionId: this.executionId }),
        ...(this.details !== undefined && { details: this.details }),
        ...(this.suggestion !== undefined && { suggestion: this.suggestion }),
      },
    }
  }
}
