import type { IsolateCounts } from '../../isolate-reports.ts'
import type { PieceOfWork } from '../idle-work.ts'
import type { GuestRuntime } from './guest-runtime.ts'
import { ReusableIsolate } from './reusable-isolate.ts'

/**
 * Minimum number of isolates that are ready for a guest. Two cover an execution that comes while the process prepares an
 * isolate for the next one.
 */
const minReady = 2
/** Maximum number of isolates without a guest that are kept for later ones. */
const maxKept = 32
/** Maximum memory in bytes of these isolates together. */
const maxKeptBytes = 128 * 1024 * 1024
/** Milliseconds without a shortage of isolates after which those beyond the minimum are disposed of. */
const keepForMs = 10_000
/** Maximum number of isolates that wait for idle time to be disposed of. */
const maxDiscarded = 32
/** Maximum memory in bytes of these isolates together. */
const maxDiscardedBytes = 64 * 1024 * 1024
/** Size in bytes above which garbage is collected, or an isolate disposed of, at once. */
const largeBytes = 16 * 1024 * 1024

/**
 * Default memory limit of executions in MiB. `defaultRequestLimits` has the same value, but does not belong in a
 * sandbox process.
 */
export const defaultMemoryLimitMb = 128

/**
 * Warm pool of isolates without a guest. Some have never had one. The others have had guests that ended by themselves, and
 * may have another one of the same tenant. An execution should not wait for the work between two guests, so it is done in
 * idle moments: checking the isolate, collecting garbage, making the next context, and disposing of isolates.
 *
 * All isolates of the pool have the same memory limit, which changes when two executions in a row request another.
 */
export class WarmIsolates {
  readonly #runtime: GuestRuntime
  readonly #now: () => number
  /** Isolates that have never had a guest, with a context. */
  readonly #unused: ReusableIsolate[] = []
  /** Isolates that have had a guest, with a context for the next one. */
  readonly #ready: ReusableIsolate[] = []
  /** Isolates whose last guest is gone, and that were not checked since. */
  readonly #returned: ReusableIsolate[] = []
  /** Isolates that are to be disposed of. */
  readonly #discarded: ReusableIsolate[] = []
  #memoryLimitMb = defaultMemoryLimitMb
  #lastRequestedMb = defaultMemoryLimitMb
  /** True if the last guest had to have an unused isolate. */
  #needsUnused = false
  #shortageAt: number

  /** Creates an empty pool. `now` is a clock in milliseconds. */
  constructor(runtime: GuestRuntime, now = () => performance.now()) {
    this.#runtime = runtime
    this.#now = now
    this.#shortageAt = now()
  }

  /** Number of isolates with a context that are ready for a guest. */
  get readyCount(): number {
    return this.#unused.length + this.#ready.length
  }

  /** Number of these isolates by whether they have had a guest. */
  get readyCounts(): IsolateCounts {
    return { unused: this.#unused.length, used: this.#ready.length }
  }

  /** Returns an isolate for a guest. It may have had others, unless `isOwn` requires one that serves no other guest. */
  take(memoryLimitMb: number, isOwn: boolean): ReusableIsolate {
    if (memoryLimitMb === this.#lastRequestedMb && memoryLimitMb !== this.#memoryLimitMb) {
      this.#changeLimit(memoryLimitMb)
    }
    this.#lastRequestedMb = memoryLimitMb
    this.#needsUnused = isOwn
    const isKept = memoryLimitMb === this.#memoryLimitMb
    const kept = isKept ? (isOwn ? this.#unused.pop() : this.#takeKept()) : undefined
    if (kept === undefined || this.#isShort) this.#shortageAt = this.#now()
    const isolate = kept ?? new ReusableIsolate(this.#runtime, memoryLimitMb)
    if (isOwn) isolate.retire()
    return isolate
  }

  /**
   * Takes back an isolate whose guest has ended by itself, without an entry that was stopped. `sizeBytes` is the memory of the
   * isolate. If it is much, garbage is collected at once, so that the pool keeps little memory.
   */
  giveBack(isolate: ReusableIsolate, sizeBytes: number): void {
    isolate.release()
    const isKept = this.#kept.length < maxKept && isolate.memoryLimitMb === this.#memoryLimitMb
    isolate.keptBytes = isKept && sizeBytes > largeBytes ? bytesAfterCollection(isolate) : sizeBytes
    if (isKept && bytesOf(this.#kept) + isolate.keptBytes <= maxKeptBytes) this.#returned.push(isolate)
    else this.discard(isolate, isolate.keptBytes)
  }

  /** Isolates that have had a guest and may have another one. */
  get #kept(): readonly ReusableIsolate[] {
    return [...this.#returned, ...this.#ready]
  }

  /** Disposes of an isolate, without entering it: at once if it is large, and otherwise in idle time. */
  discard(isolate: ReusableIsolate, sizeBytes: number): void {
    if (isolate.isDisposed) return
    if (sizeBytes > largeBytes) {
      isolate.dispose()
      return
    }
    isolate.keptBytes = sizeBytes
    this.#discarded.push(isolate)
    while (this.#discarded.length > maxDiscarded || bytesOf(this.#discarded) > maxDiscardedBytes) {
      this.#discarded.shift()!.dispose()
    }
  }

  /** Returns the pieces of work that wait for idle moments, the most urgent first. */
  *piecesOfWork(): Iterable<PieceOfWork> {
    const isUrgent = this.#isShort
    if (this.#returned.length > 0) yield { isLong: false, isUrgent, run: () => this.#prepareReturned() }
    if (isUrgent) yield { isLong: true, isUrgent, run: () => this.#makeUnused() }
    const uncollected = this.#ready.findIndex((isolate) => isolate.shouldCollect)
    if (uncollected >= 0) yield { isLong: true, isUrgent: false, run: () => this.#collectReady(uncollected) }
    if (this.#discarded.length > 0)
      yield { isLong: true, isUrgent: false, run: () => this.#discarded.shift()!.dispose() }
    if (this.#isOverfull) yield { isLong: true, isUrgent: false, run: () => this.#surplus()?.dispose() }
  }

  /** True if there are fewer isolates ready for a guest than there should be. */
  get #isShort(): boolean {
    return (this.#needsUnused ? this.#unused.length : this.readyCount) < minReady
  }

  get #isOverfull(): boolean {
    return this.readyCount > minReady && this.#now() - this.#shortageAt > keepForMs
  }

  #takeKept(): ReusableIsolate | undefined {
    const prepared = this.#ready.pop() ?? this.#unused.pop()
    if (prepared !== undefined) return prepared
    while (this.#ready.length === 0 && this.#returned.length > 0) this.#prepareReturned()
    return this.#ready.pop()
  }

  /** Checks an isolate whose guest is gone, and makes the context for the next one. */
  #prepareReturned(): void {
    const isolate = this.#returned.pop()!
    if (!isolate.isFit()) this.discard(isolate, isolate.keptBytes)
    else if (isolate.prepare()) this.#ready.push(isolate)
    else this.discard(isolate, isolate.keptBytes)
  }

  #collectReady(index: number): void {
    const isolate = this.#ready[index]!
    if (isolate.collect()) return
    this.#ready.splice(index, 1)
    this.discard(isolate, isolate.keptBytes)
  }

  #makeUnused(): void {
    const isolate = new ReusableIsolate(this.#runtime, this.#memoryLimitMb)
    isolate.prepare()
    this.#unused.push(isolate)
  }

  /** Removes the isolate that is needed least. */
  #surplus(): ReusableIsolate | undefined {
    return this.#needsUnused
      ? (this.#ready.shift() ?? this.#unused.shift())
      : (this.#unused.shift() ?? this.#ready.shift())
  }

  #changeLimit(memoryLimitMb: number): void {
    this.#memoryLimitMb = memoryLimitMb
    for (const list of [this.#unused, this.#ready, this.#returned]) {
      for (const isolate of list.splice(0)) this.discard(isolate, isolate.keptBytes)
    }
  }
}

function bytesOf(isolates: readonly ReusableIsolate[]): number {
  return isolates.reduce((sum, { keptBytes }) => sum + keptBytes, 0)
}

/** Collects the garbage of an isolate if there is much. Returns the memory that it keeps; `Infinity` if it is fit for no guest. */
function bytesAfterCollection(isolate: ReusableIsolate): number {
  const isFit = isolate.isFit() && (!isolate.hasMuchGarbage || isolate.collect())
  return (isFit ? isolate.sizeBytes() : undefined) ?? Infinity
}
