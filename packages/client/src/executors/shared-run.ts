import type { ExecutionResult } from '../execution-result.ts'

/** One run that several callers wait for. It is aborted when the last of them leaves before its end. */
export class SharedRun {
  /** The id that it runs under. */
  readonly executionId: string
  readonly outcome: Promise<ExecutionResult>
  readonly #controller = new AbortController()
  #waiting = 0

  constructor(executionId: string, start: (signal: AbortSignal) => Promise<ExecutionResult>) {
    this.executionId = executionId
    this.outcome = start(this.#controller.signal)
    // When all have left, its end concerns nobody.
    this.outcome.catch(() => {})
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  /** Waits for its end; when the signal aborts, rejects with its reason at once. */
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
