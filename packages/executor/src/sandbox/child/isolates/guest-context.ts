import ivm from 'isolated-vm'

import type { Deliver } from '../../guest-boundary.ts'
import { urlHost } from '../url-host.ts'
import type { GuestRuntime } from './guest-runtime.ts'

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

/** Reason of the rejection by which the runtime marks the end of each turn; see `createRuntime` in the guest. */
const turnEnded = 0

/** Message of the error that isolated-vm throws when an entry has reached its timeout. */
const timeoutMessage = 'Script execution timed out.'

/** Longest timeout that isolated-vm takes, in milliseconds. 0 would mean no timeout. */
const maxTimeoutMs = 2 ** 31 - 1

/**
 * Context with the guest runtime in it. It serves one guest and no other, and may be made before that guest is known.
 *
 * No guest code runs outside of `enter`. isolated-vm drains microtasks and copies out an unhandled rejection at the end
 * of every entry, outside of its timeout. The timed call has already drained the microtasks by then, and the rejection
 * that is copied is always the runtime's own number. Reading the heap statistics, disposing of the isolate, and entries
 * into other contexts of the isolate therefore run no code of this guest.
 */
export class GuestContext {
  readonly #isolate: ivm.Isolate
  readonly #context: ivm.Context
  readonly #deliver: ivm.Reference<Deliver>
  #take: EmitListener = () => undefined

  /** `script` is the script of the runtime, compiled in the isolate. */
  constructor(isolate: ivm.Isolate, script: ivm.Script, runtime: GuestRuntime) {
    this.#isolate = isolate
    this.#context = isolate.createContextSync()
    const take: EmitListener = (kind, first, second, third) => this.#take(kind, first, second, third)
    const create = script.runSync(this.#context, { reference: true }) as ivm.Reference<CreateRuntime>
    this.#deliver = create.applySync(
      undefined,
      [
        turnEnded,
        new ivm.Callback(take),
        new ivm.Callback((part: string) => runtime.sourceOf(part)),
        new ivm.Callback(urlHost),
      ],
      { result: { reference: true } },
    )
    create.release()
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

  /** Releases everything that keeps the context alive. The guest must have ended. */
  release(): void {
    this.#take = () => undefined
    this.#deliver.release()
    this.#context.release()
  }
}
