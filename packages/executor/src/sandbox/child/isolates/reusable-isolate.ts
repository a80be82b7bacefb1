import process from 'node:process'

import ivm from 'isolated-vm'

import { GuestContext } from './guest-context.ts'
import type { GuestRuntime } from './guest-runtime.ts'
import { IsolateUpkeep } from './isolate-upkeep.ts'
import { oldGenerationMb } from './v8-flags.ts'

/** Memory in bytes that an isolate takes besides its heap. */
const isolateOverheadBytes = 300 * 1024

/** Maximum number of guests of an isolate. It bounds what guests that leave something behind can do to later ones. */
export const maxGuests = 50
/** Bytes by which the used heap may exceed the normal state after a collection. */
const maxLeftBytes = 1024 * 1024
/** Bytes of used heap above which garbage is collected in idle time. */
const collectAboveBytes = 4 * 1024 * 1024
/** Bytes of used heap above which garbage is collected before the next guest. */
const maxGarbageBytes = 16 * 1024 * 1024
/** Number of guests after which garbage is collected in idle time, however little there is. */
const guestsPerCollection = 20

/**
 * Isolate that serves guests of one tenant, one after the other, each in a context of its own. V8 fixes the memory limit
 * when it makes the isolate. design/reused-isolates.md says when an isolate may have another guest, and why that is safe.
 */
export class ReusableIsolate {
  readonly memoryLimitMb: number
  readonly #runtime: GuestRuntime
  readonly #isolate: ivm.Isolate
  readonly #script: ivm.Script
  #upkeep: IsolateUpkeep | undefined
  #prepared: GuestContext | undefined
  #current: GuestContext | undefined
  #guests = 0
  #guestsSinceCollection = 0
  #usedBytes = 0
  #isRetired = false
  /** Memory in bytes that the isolate keeps without a guest, as the pool counts it. */
  keptBytes = 0

  constructor(runtime: GuestRuntime, memoryLimitMb: number) {
    this.memoryLimitMb = memoryLimitMb
    this.#runtime = runtime
    const memoryLimit = oldGenerationMb(memoryLimitMb)
    this.#isolate = new ivm.Isolate({ memoryLimit, onCatastrophicError: () => process.abort() })
    this.#script = runtime.compile(this.#isolate)
  }

  /** True if the isolate has had a guest before the one that lives in it. */
  get hadEarlierGuests(): boolean {
    return this.#guests > 1
  }

  /** True if V8 has disposed of the isolate, for lack of memory, or `dispose` has. */
  get isDisposed(): boolean {
    return this.#isolate.isDisposed
  }

  /** Makes the context for the next guest. No guest may live in the isolate. Returns whether there was memory for it. */
  prepare(): boolean {
    return this.#isUsableAfter(() => {
      this.#prepared ??= this.#createContext()
    })
  }

  /** Returns the context for a guest. No other one may live in the isolate until it is released. */
  open(): GuestContext {
    const context = this.#prepared ?? this.#createContext()
    this.#prepared = undefined
    this.#current = context
    this.#guests += 1
    this.#guestsSinceCollection += 1
    return context
  }

  /** Marks the isolate as one that gets no guest after the current or the next one. */
  retire(): void {
    this.#isRetired = true
  }

  /** Releases everything of the guest, which must have ended by itself and without an entry that was stopped. */
  release(): void {
    this.#current?.release()
    this.#current = undefined
  }

  /** Returns whether the isolate may have another guest after the one that was released, as far as is known without a collection. */
  isFit(): boolean {
    if (this.#isRetired || this.#guests >= maxGuests) return false
    return this.#isUsableAfter(() => {
      this.#upkeep ??= new IsolateUpkeep(this.#isolate)
      this.#usedBytes = this.#upkeep.usedBytes()
      return this.#upkeep.protectors() === this.#runtime.normal!.protectors
    })
  }

  /** True if so much of the heap is used that garbage should be collected before the next guest. */
  get hasMuchGarbage(): boolean {
    return this.#usedBytes > maxGarbageBytes
  }

  /** True if garbage should be collected in idle time. */
  get shouldCollect(): boolean {
    return this.#usedBytes > collectAboveBytes || this.#guestsSinceCollection >= guestsPerCollection
  }

  /** Collects the garbage of guests that are gone. Returns whether so little is left that the isolate is fit for another guest. */
  collect(): boolean {
    return this.#isUsableAfter(() => {
      const { usedBytes, contextBytes } = this.#runtime.normal!
      const maxUsedBytes = usedBytes + (this.#prepared ? contextBytes : 0) + maxLeftBytes
      this.#collectOnce()
      // A collection that V8 had begun while the guest lived spares what lived then, and buffers are freed in the background.
      if (this.#usedBytes > maxUsedBytes) this.#collectOnce()
      return this.#usedBytes <= maxUsedBytes
    })
  }

  /**
   * Returns the memory in bytes that the isolate keeps, or undefined if V8 finds only now that it has too little. Garbage of
   * earlier guests is included.
   */
  sizeBytes(): number | undefined {
    try {
      const { total_physical_size, externally_allocated_size, malloced_memory } = this.#isolate.getHeapStatisticsSync()
      return total_physical_size + externally_allocated_size + malloced_memory + isolateOverheadBytes
    } catch (error) {
      if (this.#isolate.isDisposed) return undefined
      throw error
    }
  }

  /**
   * Frees the memory that earlier guests have left to the guest that lives in the isolate. Runs no code of a guest. Returns
   * false if V8 finds only now that the isolate has too little memory.
   */
  freeMemory(): boolean {
    return this.#isUsableAfter(() => {
      this.#upkeep?.freeMemory()
    })
  }

  /**
   * Records the state of this isolate as what is normal for isolates with the runtime. The isolate must have had the typical
   * guest only, since the runtime itself makes protectors fall.
   */
  recordNormalState(): void {
    this.#current?.release()
    this.#current = undefined
    const upkeep = new IsolateUpkeep(this.#isolate)
    const protectors = upkeep.protectors()
    upkeep.collect()
    const usedBytes = upkeep.usedBytes()
    this.prepare()
    this.#runtime.normal = { usedBytes, contextBytes: upkeep.usedBytes() - usedBytes, protectors }
  }

  /**
   * Lets further isolates start with the code that this one has compiled of the runtime. This isolate must not
   * have run code of a guest other than the typical one.
   */
  cacheCompiledCode(): void {
    this.#runtime.cacheCompiledCode(this.#isolate)
  }

  dispose(): void {
    if (!this.#isolate.isDisposed) this.#isolate.dispose()
  }

  #collectOnce(): void {
    this.#upkeep!.collect()
    this.#guestsSinceCollection = 0
    this.#usedBytes = this.#upkeep!.usedBytes()
  }

  #createContext(): GuestContext {
    return new GuestContext(this.#isolate, this.#script, this.#runtime)
  }

  /**
   * Does work between two guests. Returns false if the work does, or if V8 has disposed of the isolate meanwhile, because
   * guests have left too little memory for the work.
   */
  #isUsableAfter(work: () => boolean | void): boolean {
    try {
      return work() ?? true
    } catch (error) {
      if (this.#isolate.isDisposed) return false
      throw error
    }
  }
}
