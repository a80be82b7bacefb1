import { GuestIsolate } from './guest-isolate.ts'
import type { GuestRuntime } from './guest-runtime.ts'

/**
 * Number of isolates prepared ahead. Two cover an execution that comes while the process prepares a replacement for the
 * previous one.
 */
const usualSize = 2
/** Maximum number of isolates prepared ahead, after a burst of executions. */
const maxSize = 32
/** Milliseconds after the last burst for which more isolates are prepared ahead. */
const burstMemoryMs = 10_000

/** Maximum number of finished isolates that wait for idle time to be disposed of. */
const maxFinished = 4
/** Size in bytes above which a finished isolate is disposed of at once. */
const maxFinishedBytes = 8 * 1024 * 1024

/**
 * Default memory limit of executions in MiB. `defaultRequestLimits` has the same value, but does not belong in a
 * sandbox process.
 */
export const usualMemoryLimitMb = 128

/**
 * Isolates in which no guest lives: those prepared ahead, which have never had one (a warm pool), and finished ones,
 * whose guest is gone and which wait to be disposed of. An execution should wait for neither, so both are handled in
 * moments in which no message waits.
 *
 * The number prepared ahead follows demand: after a burst of executions, the executions of the next burst find their
 * isolates ready.
 *
 * V8 fixes the memory limit when an isolate is made. The stock has isolates of one limit, and changes to another when
 * two executions in a row ask for that.
 */
export class IsolateStock {
  readonly #runtime: GuestRuntime
  readonly #now: () => number
  readonly #prepared: GuestIsolate[] = []
  readonly #finished: GuestIsolate[] = []
  #memoryLimitMb = usualMemoryLimitMb
  #lastAskedMb = usualMemoryLimitMb
  #size = usualSize
  /** Number of isolates that were taken since the stock was last complete. */
  #taken = 0
  #burstAt = 0

  /** Creates an empty stock. `now` is a clock in milliseconds. */
  constructor(runtime: GuestRuntime, now = () => performance.now()) {
    this.#runtime = runtime
    this.#now = now
  }

  /** Returns an isolate that has had no guest. */
  take(memoryLimitMb: number): GuestIsolate {
    if (memoryLimitMb === this.#lastAskedMb && memoryLimitMb !== this.#memoryLimitMb) this.#changeLimit(memoryLimitMb)
    this.#lastAskedMb = memoryLimitMb
    this.#taken += 1
    const prepared = memoryLimitMb === this.#memoryLimitMb ? this.#prepared.shift() : undefined
    return prepared ?? new GuestIsolate(this.#runtime, memoryLimitMb)
  }

  /** Takes back an isolate whose guest is gone, to dispose of it. */
  leave(isolate: GuestIsolate, sizeBytes: number): void {
    if (isolate.isGone) return
    if (sizeBytes > maxFinishedBytes) isolate.dispose()
    else this.#finished.push(isolate)
    if (this.#finished.length > maxFinished) this.#finished.shift()!.dispose()
  }

  /** Does one piece of the pending work, the most urgent first, or returns false if there is none. */
  tidy(): boolean {
    const isMissing = this.#prepared.length < this.#size
    const finished = this.#prepared.length > 0 ? this.#finished.shift() : undefined
    if (finished) finished.dispose()
    else if (isMissing) this.#prepared.push(new GuestIsolate(this.#runtime, this.#memoryLimitMb))
    else if (this.#prepared.length > this.#size) this.#prepared.pop()!.dispose()
    else return this.#adapt() && this.tidy()
    return true
  }

  /**
   * Adapts the size of a complete stock to the number of isolates taken since it was last complete. Returns whether the
   * size has changed.
   */
  #adapt(): boolean {
    const before = this.#size
    if (this.#taken > 2 * usualSize) {
      this.#size = Math.max(before, Math.min(this.#taken, maxSize))
      this.#burstAt = this.#now()
    } else if (this.#now() - this.#burstAt > burstMemoryMs) this.#size = usualSize
    this.#taken = 0
    return this.#size !== before
  }

  #changeLimit(memoryLimitMb: number): void {
    this.#memoryLimitMb = memoryLimitMb
    for (const isolate of this.#prepared.splice(0)) this.leave(isolate, 0)
  }
}
