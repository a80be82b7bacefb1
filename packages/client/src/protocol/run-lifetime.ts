import { maxTimerMs } from '@codemode/shared'

import { CancelledError } from '../errors/cancelled-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { forwardAbort } from '../async/forward-abort.ts'

interface RunLifetimeOptions {
  readonly executionId: string
  readonly correlationId: string
  readonly timeoutMs: number
  /** Signals, each of which cancels the execution. */
  readonly signals: readonly (AbortSignal | undefined)[]
}

/**
 * Aborter of a run on the client's side: on the caller's signal, after `requestTimeoutMs`, or on a failure. The reason
 * of its own signal is always the typed error that the caller gets.
 */
export class RunLifetime {
  readonly deadlineAt: number
  /** Makes the error for a request that timed out, whether client or executor noticed first. */
  readonly timedOut: () => ExecutorTimeoutError
  /** Aborts the run as a signal with this reason does. */
  readonly cancel: (reason: unknown) => void
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #stops: readonly (() => void)[]

  constructor({ executionId, correlationId, signals, ...options }: RunLifetimeOptions) {
    const ids = { executionId, correlationId }
    const timeoutMs = Math.min(options.timeoutMs, maxTimerMs)
    this.deadlineAt = performance.now() + timeoutMs
    this.timedOut = () => requestTimeout(timeoutMs, ids)
    this.cancel = (reason) => this.end(cancelled(reason, ids))
    this.#timer = setTimeout(() => this.end(this.timedOut()), timeoutMs)
    this.#stops = signals.map((signal) => forwardAbort(signal, this.#controller, (reason) => cancelled(reason, ids)))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  end(error: Error): void {
    this.#controller.abort(error)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    for (const stopForwarding of this.#stops) stopForwarding()
  }
}

/** Returns the error for a request that took longer than `requestTimeoutMs`. */
export function requestTimeout(
  timeoutMs: number,
  ids: { executionId: string; correlationId: string },
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

/** Returns the error for an aborted signal, with its reason as the cause. */
export function cancelled(reason: unknown, ids: { executionId: string; correlationId: string }): CancelledError {
  const why = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : 'aborted'
  return new CancelledError(`The execution was cancelled: ${why}`, { ...ids, cause: reason })
}
