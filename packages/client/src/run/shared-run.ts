import type { ExecutionResult } from './execution-result.ts'

/**
 * Run that several callers wait for (single-flight). It is aborted when the last of them stops waiting before it ends.
 */
export class SharedRun {
  /** Id of the execution. */
  readonly executionId: string
  readonly outcome: Promise<ExecutionResult>
  readonly #controller = new AbortController()
  #waiting = 0

  constructor(executionId: string, start: (signal: AbortSignal) => Promise<ExecutionResult>) {
    this.executionId = executionId
    this.outcome = start(this.#controller.signal)
    // When no caller waits any more, a rejection would be unhandled.
    this.outcome.catch(() => {})
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  /** Waits for the end of the run; rejects with the reason of the signal as soon as that aborts. */
  async wait(signal: AbortSignal): Promise<ExecutionResult> {
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(signal.reason)
    this.#waiting += 1
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([this.outcome, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#waiting -= 1
      if (signal.aborted && this.#waiting === 0) this.#controller.abort(signal.reason)
    }
  }
}
