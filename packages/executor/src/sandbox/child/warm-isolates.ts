import { GuestIsolate } from './guest-isolate.ts'
import type { GuestRuntime } from './guest-runtime.ts'

/**
 * Minimum number of isolates prepared ahead. Two cover an execution that comes while the process prepares a replacement
 * for the previous one.
 */
const minSize = 2
/** Maximum number of isolates prepared ahead, after a burst of executions. */
const maxSize = 32
/** Milliseconds after the last burst for which more isolates are prepared ahead. */
const burstEffectMs = 10_000

/** Maximum number of used isolates that wait for idle time to be disposed of. */
const maxUsed = 4
/** Size in bytes above which a used isolate is disposed of at once. */
const maxUsedBytes = 8 * 1024 * 1024

/**
 * Default memory limit of executions in MiB. `defaultRequestLimits` has the same value, but does not belong in a
 * sandbox process.
 */
export const defaultMemoryLimitMb = 128

/**
 * Warm pool of isolates without a guest: those prepared ahead, which have never had one, and used ones, whose guest is
 * gone and which wait to be disposed of. An execution should wait for neither, so both are handled in moments in which
 * no message waits.
 *
 * The number prepared ahead follows demand: after a burst of executions, the executions of the next burst find their
 * isolates ready.
 *
 * V8 fixes the memory limit when an isolate is made. All prepared isolates have the same limit, which changes when two
 * executions in a row request another.
 */
export class WarmIsolates {
  readonly #runtime: GuestRuntime
  readonly #now: () => number
  readonly #prepared: GuestIsolate[] = []
  readonly #used: GuestIsolate[] = []
  #memoryLimitMb = defaultMemoryLimitMb
  #lastRequestedMb = defaultMemoryLimitMb
  #size = minSize
  /** Number of isolates that were taken since the pool was last complete. */
  #taken = 0
  #burstAt = 0

  /** Creates an empty pool. `now` is a clock in milliseconds. */
  constructor(runtime: GuestRuntime, now = () => performance.now()) {
    this.#runtime = runtime
    this.#now = now
  }

  /** Returns an isolate that has had no guest. */
  take(memoryLimitMb: number): GuestIsolate {
    if (memoryLimitMb === this.#lastRequestedMb && memoryLimitMb !== this.#memoryLimitMb) {
      this.#changeLimit(memoryLimitMb)
    }
    this.#lastRequestedMb = memoryLimitMb
    this.#taken += 1
    const prepared = memoryLimitMb === this.#memoryLimitMb ? this.#prepared.shift() : undefined
    return prepared ?? new GuestIsolate(this.#runtime, memoryLimitMb)
  }

  /** Disposes of an isolate whose guest is gone: at once if it is large, and otherwise in idle time. */
  discard(isolate: GuestIsolate, sizeBytes: number): void {
    if (isolate.isDisposed) return
    if (sizeBytes > maxUsedBytes) isolate.dispose()
    else this.#used.push(isolate)
    if (this.#used.length > maxUsed) this.#used.shift()!.dispose()
  }

  /** Prepares one isolate or disposes of one, whichever is more urgent. Returns false if there is nothing to do. */
  maintain(): boolean {
    const isMissing = this.#prepared.length < this.#size
    const used = this.#prepared.length > 0 ? this.#used.shift() : undefined
    if (used) used.dispose()
    else if (isMissing) this.#prepared.push(new GuestIsolate(this.#runtime, this.#memoryLimitMb))
    else if (this.#prepared.length > this.#size) this.#prepared.pop()!.dispose()
    else return this.#adapt() && this.maintain()
    return true
  }

  /**
   * Adapts the size of a complete pool to the number of isolates taken since it was last complete. Returns whether the
   * size has changed.
   */
  #adapt(): boolean {
    const before = this.#size
    if (this.#taken > 2 * minSize) {
      this.#size = Math.max(before, Math.min(this.#taken, maxSize))
      this.#burstAt = this.#now()
    } else if (this.#now() - this.#burstAt > burstEffectMs) this.#size = minSize
    this.#taken = 0
    return this.#size !== before
  }

  #changeLimit(memoryLimitMb: number): void {
    this.#memoryLimitMb = memoryLimitMb
    for (const isolate of this.#prepared.splice(0)) this.discard(isolate, 0)
  }
}
