import { GuestIsolate } from './guest-isolate.ts'
import type { GuestRuntime } from './guest-runtime.ts'

/** Two cover an execution that comes while the process makes up for the one before it. */
const usualSize = 2
/** Where more have come at once, more are made ahead, up to so many, */
const maxSize = 32
/** and no longer when it has not happened again for so long. */
const burstMemoryMs = 10_000

/** Isolates whose guests have gone are disposed of when nothing else is to do, and no later than when there are so many, */
const maxFinished = 4
/** or at once if they are larger than this. */
const maxFinishedBytes = 8 * 1024 * 1024

/** What executions have by default; `defaultRequestLimits` says so too, which has no place in a sandbox process. */
export const usualMemoryLimitMb = 128

/**
 * The isolates that no guest lives in: those made ahead, which have never had one, and those that have had theirs and wait
 * for their end. Neither is work that an execution should wait for, so both are left to moments in which no message waits.
 *
 * How many are made ahead follows what has come: executions of a burst find theirs ready when the next burst comes.
 *
 * V8 fixes the memory limit when an isolate is made. The stock has isolates of one limit; it changes to another when two
 * executions in a row ask for that.
 */
export class IsolateStock {
  readonly #runtime: GuestRuntime
  readonly #now: () => number
  readonly #prepared: GuestIsolate[] = []
  readonly #finished: GuestIsolate[] = []
  #memoryLimitMb = usualMemoryLimitMb
  #lastAskedMb = usualMemoryLimitMb
  #size = usualSize
  /** How many were taken since it was last complete. */
  #taken = 0
  #burstAt = 0

  /** `now` is a clock in milliseconds. */
  constructor(runtime: GuestRuntime, now = () => performance.now()) {
    this.#runtime = runtime
    this.#now = now
  }

  /** An isolate that has had no guest. */
  take(memoryLimitMb: number): GuestIsolate {
    if (memoryLimitMb === this.#lastAskedMb && memoryLimitMb !== this.#memoryLimitMb) this.#changeLimit(memoryLimitMb)
    this.#lastAskedMb = memoryLimitMb
    this.#taken += 1
    const prepared = memoryLimitMb === this.#memoryLimitMb ? this.#prepared.shift() : undefined
    return prepared ?? new GuestIsolate(this.#runtime, memoryLimitMb)
  }

  /** Takes an isolate whose guest has gone. */
  leave(isolate: GuestIsolate, sizeBytes: number): void {
    if (isolate.isGone) return
    if (sizeBytes > maxFinishedBytes) isolate.dispose()
    else this.#finished.push(isolate)
    if (this.#finished.length > maxFinished) this.#finished.shift()!.dispose()
  }

  /** Does one thing of what is to be done some time, the most urgent first, or returns false if there is nothing. */
  tidy(): boolean {
    const isMissing = this.#prepared.length < this.#size
    const finished = this.#prepared.length > 0 ? this.#finished.shift() : undefined
    if (finished) finished.dispose()
    else if (isMissing) this.#prepared.push(new GuestIsolate(this.#runtime, this.#memoryLimitMb))
    else if (this.#prepared.length > this.#size) this.#prepared.pop()!.dispose()
    else return this.#adapt() && this.tidy()
    return true
  }

  /** Now that it is complete: whether it is to have another size after what has come since it last was. */
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
