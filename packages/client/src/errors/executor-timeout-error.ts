import type { TimeoutLayer } from '@codemode/shared'

import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

type TimeoutCode =
  | 'REQUEST_TIMEOUT'
  | 'WAIT_TIMEOUT'
  | 'CONNECTION_FAILED'
  | 'QUEUE_TIMEOUT'
  | 'EXECUTION_TIMEOUT'
  | 'CPU_TIMEOUT'

/** Timeout that has passed: its layer, its value, and the option that sets it. */
interface PassedTimeout {
  readonly layer: TimeoutLayer
  readonly timeoutMs: number
  readonly option: string
}

/** Error of a timeout, which `layer` names. */
export class ExecutorTimeoutError extends ExecutorClientError {
  override readonly name: string = 'ExecutorTimeoutError'
  /** Name of the timeout. */
  readonly layer: TimeoutLayer
  /** Value of the timeout in milliseconds. */
  readonly timeoutMs: number
  /** Name of the option that sets the timeout. */
  readonly option: string

  constructor(code: TimeoutCode, message: string, options: ExecutorClientErrorOptions & PassedTimeout) {
    super(code, message, {
      suggestion: `Raise ${options.option} (now ${options.timeoutMs} ms) if the work really takes longer.`,
      ...options,
    })
    this.layer = options.layer
    this.timeoutMs = options.timeoutMs
    this.option = options.option
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), layer: this.layer, timeoutMs: this.timeoutMs, option: this.option }
  }
}

/** Returns the error for a request that took longer than `requestTimeoutMs`. */
export function requestTimedOut(
  timeoutMs: number,
  ids: { executionId: string | undefined; correlationId: string },
): ExecutorTimeoutError {
  return new ExecutorTimeoutError(
    'REQUEST_TIMEOUT',
    `The request took longer than requestTimeoutMs (${timeoutMs} ms)`,
    {
      ...ids,
      layer: 'request',
      timeoutMs,
      option: 'requestTimeoutMs',
      retryable: true,
    },
  )
}
