import type { ExecutionResult } from '../run/execution-result.ts'

/** Run that several callers wait for (single-flight). It is aborted when the last of them leaves before it ends. */
export class SharedRun {
  /** Id of the execution. */
  readonly executionId: string
  readonly outcome: Promise<ExecutionResult>
  readonly #controller = new AbortController()
  #waiting = 0

  constructor(executionId: string, start: (signal: AbortSignal) => Promise<ExecutionResult>) {
    this.executionId = executionId
    this.outcome = start(this.#controller.signal)
    // After all callers have left, a rejection would be unhandled.
    this.outcome.catch(() => {})
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  /** Waits for the end of the run; rejects with the reason of the signal as soon as that aborts. */
  async wait(signal: AbortSignal): Promise<ExecutionResult> {
    const left = Promise.withResolvers<never>()
    const leave = (): void => left.reject(signal.reason)
    this.#waiting += 1
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([this.outcome, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      this.#waiting -= 1
      if (signal.aborted && this.#waiting === 0) this.#controller.abort(signal.reason)
    }
  }
}
