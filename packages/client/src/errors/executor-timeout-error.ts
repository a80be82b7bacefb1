import type { TimeoutLayer } from '@codemode/shared'

import { ExecutorClientError, type ExecutorClientErrorOptions } from './executor-client-error.ts'

type TimeoutCode =
  | 'REQUEST_TIMEOUT'
  | 'WAIT_TIMEOUT'
  | 'CONNECTION_FAILED'
  | 'QUEUE_TIMEOUT'
  | 'EXECUTION_TIMEOUT'
  | 'CPU_TIMEOUT'

interface Clock {
  readonly layer: TimeoutLayer
  readonly timeoutMs: number
  readonly option: string
}

/** A clock ran out: `layer` says which one, `timeoutMs` what it was set to, and `option` what sets it. */
export class ExecutorTimeoutError extends ExecutorClientError {
  override readonly name: string = 'ExecutorTimeoutError'
  /** Which clock ran out. */
  readonly layer: TimeoutLayer
  /** What the clock was set to, in milliseconds. */
  readonly timeoutMs: number
  /** The option that sets the clock. */
  readonly option: string

  constructor(code: TimeoutCode, message: string, options: ExecutorClientErrorOptions & Clock) {
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
