import { maxTimerMs } from '@codemode/shared'

import { cancelledBy } from '../errors/cancelled-error.ts'
import { requestTimedOut, type ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { forwardAbort } from '../async/forward-abort.ts'

interface RunLifetimeOptions {
  readonly executionId: string
  readonly correlationId: string
  readonly timeoutMs: number
  /** Signals, each of which cancels the execution. */
  readonly signals: readonly (AbortSignal | undefined)[]
}

/**
 * Lifetime of a run on the client's side. Its signal aborts on the caller's signal, after `requestTimeoutMs`, or on a
 * failure; the reason is always the typed error that the caller gets.
 */
export class RunLifetime {
  /** Deadline by `performance.now()`. */
  readonly deadlineAt: number
  /** Returns the error for a request that timed out, whether the client or the executor noticed it first. */
  readonly timedOut: () => ExecutorTimeoutError
  /** Aborts the run as a signal with this reason does. */
  readonly cancel: (reason: unknown) => void
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #stopForwarding: readonly (() => void)[]

  constructor({ executionId, correlationId, signals, ...options }: RunLifetimeOptions) {
    const ids = { executionId, correlationId }
    const timeoutMs = Math.min(options.timeoutMs, maxTimerMs)
    this.deadlineAt = performance.now() + timeoutMs
    this.timedOut = () => requestTimedOut(timeoutMs, ids)
    this.cancel = (reason) => this.end(cancelledBy(reason, ids))
    this.#timer = setTimeout(() => this.end(this.timedOut()), timeoutMs)
    this.#stopForwarding = signals.map((signal) =>
      forwardAbort(signal, this.#controller, (reason) => cancelledBy(reason, ids)),
    )
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Aborts the run with this error. */
  end(error: Error): void {
    this.#controller.abort(error)
  }

  /** Stops the timer, and removes the listeners of the signals. */
  dispose(): void {
    clearTimeout(this.#timer)
    for (const stop of this.#stopForwarding) stop()
  }
}
