import type { JsonObject } from '../json.ts'
import { errorCodes, type RequestErrorCode } from './codes.ts'
import type { ErrorBody } from './error-body.ts'

interface RequestErrorOptions {
  readonly executionId?: string
  readonly details?: JsonObject
  readonly suggestion?: string
  /** How long the client should wait before it tries again, in seconds; sent as `retry-after`. */
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** A request that the executor refuses or cannot serve: it becomes an HTTP answer with the code's status. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: RequestErrorCode
  readonly executionId: string | undefined
  readonly details: JsonObject | undefined
  readonly suggestion: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: RequestErrorCode, message: string, options: RequestErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.executionId = options.executionId
    this.details = options.details
    this.suggestion = options.suggestion
    this.retryAfterSeconds = options.retryAfterSeconds
  }

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
        ambiguous: false,
        correlationId,
        ...(this.executionId !== undefined && { executionId: this.executionId }),
        ...(this.details !== undefined && { details: this.details }),
        ...(this.suggestion !== undefined && { suggestion: this.suggestion }),
      },
    }
  }
}
