import process from 'node:process'

import ivm from 'isolated-vm'

import type { Deliver } from '../guest-boundary.ts'
import type { GuestRuntime } from './guest-runtime.ts'
import { urlHost } from './url-host.ts'

/** The host's side of `Emit`: the arguments of a call are those of one of its overloads. */
export type EmitListener = (
  kind: string,
  first: string | number,
  second: string | number,
  third: string,
) => number | string | undefined

/** The runtime's only export. Guest code has no access to the callbacks. */
type CreateRuntime = (turnEnded: number, ...callbacks: ivm.Callback[]) => Deliver

/**
 * Outcome of one entry. `memory` means that V8 has disposed of the isolate; `failed` means that the runtime itself
 * threw, which it never does while it works.
 */
export type EntryOutcome =
  | { readonly type: 'ended' | 'timeout' | 'memory' }
  | { readonly type: 'failed'; readonly cause: unknown }

/** Memory in bytes that an isolate takes besides its heap. */
const isolateOverheadBytes = 300 * 1024

/** Reason of the rejection by which the runtime marks the end of each turn; see `createRuntime` in the guest. */
const turnEnded = 0

/** Message of the error that isolated-vm throws when an entry has reached its timeout. */
const timeoutMessage = 'Script execution timed out.'

/** Longest timeout that isolated-vm takes, in milliseconds. 0 would mean no timeout. */
const maxTimeoutMs = 2 ** 31 - 1

/**
 * Isolate with the guest runtime in it. It serves one guest and no other, and may be made before that guest is known:
 * only its memory limit depends on the guest.
 *
 * No guest code runs outside of `enter`. isolated-vm drains microtasks and copies out an unhandled rejection at the end
 * of every entry, outside of its timeout. The timed call has already drained the microtasks by then, and the rejection
 * that is copied is always the runtime's own number. Reading the heap statistics and disposing of the isolate therefore
 * run no code.
 */
export class GuestIsolate {
  readonly memoryLimitMb: number
  readonly #runtime: GuestRuntime
  readonly #isolate: ivm.Isolate
  readonly #deliver: ivm.Reference<Deliver>
  #take: EmitListener = () => undefined

  constructor(runtime: GuestRuntime, memoryLimitMb: number) {
    this.memoryLimitMb = memoryLimitMb
    this.#runtime = runtime
    this.#isolate = new ivm.Isolate({ memoryLimit: memoryLimitMb, onCatastrophicError: () => process.abort() })
    const context = this.#isolate.createContextSync()
    const take: EmitListener = (kind, first, second, third) => this.#take(kind, first, second, third)
    this.#deliver = runtime
      .load<CreateRuntime>(this.#isolate, context)
      .applySync(
        undefined,
        [
          turnEnded,
          new ivm.Callback(take),
          new ivm.Callback((part: string) => runtime.sourceOf(part)),
          new ivm.Callback(urlHost),
        ],
        { result: { reference: true } },
      )
  }

  /** Sets the listener for the guest's output. */
  onEmit(take: EmitListener): void {
    this.#take = take
  }

  /**
   * Enters the guest once, for at most `timeoutMs` by the wall clock, and returns after its microtasks have drained.
   * The guest can't choose the value that leaves an entry: it is the runtime's number, a string of the runtime or an
   * error of isolated-vm.
   */
  enter(content: Parameters<Deliver>, timeoutMs: number): EntryOutcome {
    const timeout = Math.min(maxTimeoutMs, Math.max(1, Math.ceil(timeoutMs)))
    let thrown: unknown
    try {
      this.#deliver.applySync(undefined, content, { timeout })
    } catch (error) {
      thrown = error
    }
    if (thrown === turnEnded) return { type: 'ended' }
    if (this.#isolate.isDisposed) return { type: 'memory' }
    if (thrown instanceof Error && thrown.message === timeoutMessage) return { type: 'timeout' }
    return { type: 'failed', cause: thrown }
  }

  /** Whether the isolate has been disposed of, by V8 for lack of memory or by `dispose`. */
  get isDisposed(): boolean {
    return this.#isolate.isDisposed
  }

  /** Returns the memory in bytes that the isolate keeps, or undefined if V8 finds only now that it has too little. */
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
   * Lets further isolates start with the code that this one has compiled of the runtime. This isolate must not
   * have run code of a guest other than the typical one.
   */
  cacheCompiledCode(): void {
    this.#runtime.cacheCompiledCode(this.#isolate)
  }

  dispose(): void {
    if (!this.#isolate.isDisposed) this.#isolate.dispose()
  }
}
