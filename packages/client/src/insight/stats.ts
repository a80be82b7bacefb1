import { statusOf, type ExecutionResult, type FinalStatus } from '../execution-result.ts'

/** Counts of a client's executions since it was made, and how long they took. */
export interface Stats {
  /** All that were begun, those in the queue included. */
  readonly total: number
  /** Waiting in the client's own queue. */
  readonly pending: number
  /** Sent to the executor and not over. */
  readonly running: number
  /** The code gave a value. */
  readonly successful: number
  /** The code or the request failed. */
  readonly failed: number
  /** Cancelled by a signal, a handle, or the closing of the client. */
  readonly cancelled: number
  /** From sending to the end, in milliseconds; undefined until the first one is over. */
  readonly averageMs: number | undefined
  /** The shortest of these times. */
  readonly minMs: number | undefined
  /** The longest of these times. */
  readonly maxMs: number | undefined
  /** How many may run at a time now; undefined without the option `concurrency`. */
  readonly concurrency: number | undefined
}

const counterOf = { completed: 'successful', failed: 'failed', cancelled: 'cancelled' } as const

/** Counts executions as they come, are sent, and end. */
export class StatsCounter {
  readonly #ended = { successful: 0, failed: 0, cancelled: 0 }
  #pending = 0
  #running = 0
  #measured = 0
  #sumMs = 0
  #minMs = Infinity
  #maxMs = 0

  came(): void {
    this.#pending += 1
  }

  sent(): void {
    this.#pending -= 1
    this.#running += 1
  }

  /** One is over that ran for so long, or that was never sent. */
  ended(status: FinalStatus, ranMs: number | undefined): void {
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

  /** Counts one that begins at once and ends before anything else happens. */
  counting(run: () => ExecutionResult): ExecutionResult {
    const sentAt = performance.now()
    let status: FinalStatus = 'failed'
    this.came()
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
    const { successful, failed, cancelled } = this.#ended
    const isMeasured = this.#measured > 0
    return {
      total: this.#pending + this.#running + successful + failed + cancelled,
      pending: this.#pending,
      running: this.#running,
      successful,
      failed,
      cancelled,
      averageMs: isMeasured ? this.#sumMs / this.#measured : undefined,
      minMs: isMeasured ? this.#minMs : undefined,
      maxMs: isMeasured ? this.#maxMs : undefined,
      concurrency,
    }
  }
}
