import process from 'node:process'

import ivm from 'isolated-vm'

import type { GuestRuntime } from './guest-runtime.ts'
import { urlHost } from './url-host.ts'

/** Takes what the runtime reports during a turn; see `Emit` for the guest's side. */
export type TakeEmitted = (
  kind: string,
  first: string | number,
  second: string | number,
  third: string,
) => number | undefined

type Deliver = (kind: string, at: number, call: number, ok: boolean, text: string, input: string) => void
/** The runtime's one export. The callbacks never leave the runtime. */
type CreateRuntime = (turnEnded: number, ...callbacks: ivm.Callback[]) => Deliver

/**
 * The outcome of one entry. `memory` means that V8 has disposed of the isolate; `failed` means that the runtime itself threw,
 * which it never does while it works.
 */
export type Entry =
  | { readonly type: 'ended' | 'timeout' | 'memory' }
  | { readonly type: 'failed'; readonly cause: unknown }

/** Memory in bytes that an isolate takes besides its heap. */
const isolateOverheadBytes = 300 * 1024

/** Reason of the rejection by which the runtime marks the end of each turn; see `createRuntime` in the guest. */
const turnEnded = 0

/** The message of the error that isolated-vm throws when an entry has run into its timeout. */
const timeoutMessage = 'Script execution timed out.'

/** Longest timeout that isolated-vm takes, in milliseconds. 0 would mean none. */
const maxTimeoutMs = 2 ** 31 - 1

/**
 * An isolate with the guest runtime in it. It serves one guest and no other, and may be made before that guest is known:
 * only its memory limit depends on it.
 *
 * No code of the guest runs outside of `enter`. isolated-vm drains microtasks and copies out an unhandled rejection at the end of
 * every entry, outside of its timeout. But the timed call has drained the microtasks already, and the rejection that is copied is
 * always the runtime's own number. So reading the heap statistics and disposing of the isolate run nothing.
 */
export class GuestIsolate {
  readonly memoryLimitMb: number
  readonly #runtime: GuestRuntime
  readonly #isolate: ivm.Isolate
  readonly #deliver: ivm.Reference<Deliver>
  #take: TakeEmitted = () => undefined

  constructor(runtime: GuestRuntime, memoryLimitMb: number) {
    this.memoryLimitMb = memoryLimitMb
    this.#runtime = runtime
    this.#isolate = new ivm.Isolate({ memoryLimit: memoryLimitMb, onCatastrophicError: () => process.abort() })
    const context = this.#isolate.createContextSync()
    const take: TakeEmitted = (kind, first, second, third) => this.#take(kind, first, second, third)
    this.#deliver = runtime
      .load<CreateRuntime>(this.#isolate, context)
      .applySync(
        undefined,
        [turnEnded, new ivm.Callback(take), new ivm.Callback(() => runtime.webSource), new ivm.Callback(urlHost)],
        { result: { reference: true } },
      )
  }

  /** Sets the listener for what the guest puts out. */
  onEmit(take: TakeEmitted): void {
    this.#take = take
  }

  /**
   * Enters the guest once, for at most `timeoutMs` by the wall clock, and returns after its microtasks have drained. The guest
   * can't choose what comes out of an entry: only the runtime's number, a string of the runtime or an error of isolated-vm do.
   */
  enter(content: Parameters<Deliver>, timeoutMs: number): Entry {
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

  /** Whether it has been disposed of, by V8 for want of memory or by `dispose`. */
  get isGone(): boolean {
    return this.#isolate.isDisposed
  }

  /** Returns the memory in bytes that the isolate keeps, or undefined if V8 finds only now that there is too little for it. */
  sizeBytes(): number | undefined {
    try {
      const { total_physical_size, externally_allocated_size, malloced_memory } = this.#isolate.getHeapStatisticsSync()
      return total_physical_size + externally_allocated_size + malloced_memory + isolateOverheadBytes
    } catch (error) {
      if (this.#isolate.isDisposed) return undefined
      throw error
    }
  }

  /** Lets further isolates begin with what is compiled of the runtime in this one, which must have run no code but ours. */
  keepCompiled(): void {
    this.#runtime.keepCompiled(this.#isolate)
  }

  dispose(): void {
    if (!this.#isolate.isDisposed) this.#isolate.dispose()
  }
}
