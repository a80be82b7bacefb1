import type { Retry } from '../executor.ts'

/** Ids, signal and deadline of a request. */
export interface RequestScope {
  readonly executionId?: string | undefined
  readonly correlationId: string
  /** Signal that aborts the request, which then rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** Deadline by `performance.now()`; infinite if there is none. */
  readonly deadlineAt: number
}

/** Scope of the requests about one execution. */
export interface ExecutionScope extends RequestScope {
  readonly executionId: string
  /** Id of the session whose step the execution is. */
  readonly sessionId?: string | undefined
  /** Whether another executor runs the execution if this one refuses it. */
  readonly canGoElsewhere?: boolean | undefined
  /** Called when the response to the request that creates the execution has begun, with a 2xx status. */
  readonly onAccepted?: (() => void) | undefined
  /** Called with each failed request before it is sent again. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}
