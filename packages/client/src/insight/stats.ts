import { statusOf, type ExecutionResult, type SettledStatus } from '../run/execution-result.ts'

/** Counts and durations of a client's executions since its creation. */
export interface Stats {
  /** Number of all executions, those in the queue included. */
  readonly total: number
  /** Number of executions that wait in the client's queue. */
  readonly pending: number
  /** Number of executions that were sent to the executor and have not ended. */
  readonly running: number
  /** Number of executions that ended with a value. */
  readonly successful: number
  /** Number of executions whose code or request failed. */
  readonly failed: number
  /** Number of executions cancelled by a signal, a handle, or the closing of the client. */
  readonly cancelled: number
  /**
   * Number of executions that were handed over to the executor because they wait for approvals. They are not counted again
   * when they go on.
   */
  readonly paused: number
  /** Mean duration from sending to the end, in milliseconds; undefined until the first execution has ended. */
  readonly averageMs: number | undefined
  /** Shortest duration in milliseconds. */
  readonly minMs: number | undefined
  /** Longest duration in milliseconds. */
  readonly maxMs: number | undefined
  /** Number of executions that may run at a time now; undefined without the options `concurrency` and `rateLimit`. */
  readonly concurrency: number | undefined
}

const counterOf = { completed: 'successful', failed: 'failed', cancelled: 'cancelled', paused: 'paused' } as const

/** Counter of executions that are queued, sent and ended. */
export class StatsCounter {
  readonly #ended = { successful: 0, failed: 0, cancelled: 0, paused: 0 }
  #pending = 0
  #running = 0
  #measured = 0
  #sumMs = 0
  #minMs = Infinity
  #maxMs = 0

  queued(): void {
    this.#pending += 1
  }

  sent(): void {
    this.#pending -= 1
    this.#running += 1
  }

  /** Counts the end, or the pause, of an execution that ran for `ranMs` milliseconds; undefined for one that was never sent. */
  ended(status: SettledStatus, ranMs: number | undefined): void {
    this.#ended[counterOf[status]] += 1
    if (ranMs === undefined) {
      this.#pending -= 1
      return
    }
    this.#running -= 1
    this.#measured += 1
    this.#sumMs += ranMs
    this.#minMs = Math.min(this.#minMs, ranMs)
    this.#maxMs = Math.max(this.#maxMs, ranMs)
  }

  /** Runs an execution synchronously, and counts it. */
  countBlocking(run: () => ExecutionResult): ExecutionResult {
    const sentAt = performance.now()
    let status: SettledStatus = 'failed'
    this.queued()
    this.sent()
    try {
      const result = run()
      status = statusOf(result)
      return result
    } finally {
      this.ended(status, performance.now() - sentAt)
    }
  }

  snapshot(concurrency: number | undefined): Stats {
    const { successful, failed, cancelled, paused } = this.#ended
    const isMeasured = this.#measured > 0
    return {
      total: this.#pending + this.#running + successful + failed + cancelled + paused,
      pending: this.#pending,
      running: this.#running,
      successful,
      failed,
      cancelled,
      paused,
      averageMs: isMeasured ? this.#sumMs / this.#measured : undefined,
      minMs: isMeasured ? this.#minMs : undefined,
      maxMs: isMeasured ? this.#maxMs : undefined,
      concurrency,
    }
  }
}
