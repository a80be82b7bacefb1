import process from 'node:process'

import ivm from 'isolated-vm'

import type { GuestRuntime } from './guest-runtime.ts'
import { urlHost } from './url-host.ts'

/** What the runtime tells of a turn; see `Emit` for the guest's side. */
export type TakeEmitted = (
  kind: string,
  first: string | number,
  second: string | number,
  third: string,
) => number | undefined

type Deliver = (kind: string, at: number, call: number, ok: boolean, text: string, input: string) => void
/** The runtime's one export; its arguments are callbacks, which the runtime never lets out of its hands. */
type CreateRuntime = (...callbacks: ivm.Callback[]) => Deliver

/** What an isolate takes beside its heap. */
const isolateOverheadBytes = 300 * 1024

/**
 * An isolate with the guest runtime in it, for one guest and no other. Nothing here depends on which guest that is, save for
 * the memory limit, so one may be made before its guest is known.
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
        [new ivm.Callback(take), new ivm.Callback(() => runtime.webSource), new ivm.Callback(urlHost)],
        { result: { reference: true } },
      )
  }

  /** Sets who is told what the guest puts out. */
  onEmit(take: TakeEmitted): void {
    this.#take = take
  }

  /** Enters the guest once, for at most `timeoutMs` by the wall clock. What it throws is a guest's to choose. */
  enter(content: Parameters<Deliver>, timeoutMs: number): void {
    this.#deliver.applySync(undefined, content, { timeout: timeoutMs })
  }

  /** Whether V8 has given it up for want of memory, or it has been disposed of. */
  get isGone(): boolean {
    return this.#isolate.isDisposed
  }

  /** What it keeps in memory. */
  sizeBytes(): number {
    const { total_physical_size, externally_allocated_size, malloced_memory } = this.#isolate.getHeapStatisticsSync()
    return total_physical_size + externally_allocated_size + malloced_memory + isolateOverheadBytes
  }

  /** Has further isolates begin with what is compiled of the runtime in this one, which must have run no code but ours. */
  keepCompiled(): void {
    this.#runtime.keepCompiled(this.#isolate)
  }

  dispose(): void {
    if (!this.#isolate.isDisposed) this.#isolate.dispose()
  }
}
