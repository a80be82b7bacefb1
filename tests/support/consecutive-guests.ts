import { defaultRequestLimits, fixedLimits, type JournalHeader } from '@codemode/shared'

import type { GuestHost, TurnReply } from '../../packages/executor/src/sandbox/child/guest-host.ts'
import { GuestRuntime } from '../../packages/executor/src/sandbox/child/isolates/guest-runtime.ts'
import { ReusableIsolate } from '../../packages/executor/src/sandbox/child/isolates/reusable-isolate.ts'
import { setProcessFlags } from '../../packages/executor/src/sandbox/child/isolates/v8-flags.ts'
import { WarmIsolates } from '../../packages/executor/src/sandbox/child/isolates/warm-isolates.ts'
import { openGuest } from '../../packages/executor/src/sandbox/child/open-guest.ts'
import { compileForTypicalGuest } from '../../packages/executor/src/sandbox/child/typical-guest.ts'
import { runtimeSource } from '../../packages/executor/src/sandbox/runtime-source.ts'
import type { GuestDelivery } from '../../packages/executor/src/sandbox/sandbox.ts'

setProcessFlags()
const runtime = new GuestRuntime(await runtimeSource())
compileForTypicalGuest(runtime)

const limits: JournalHeader['limits'] = { ...defaultRequestLimits, ...fixedLimits }
const startedAt = 1_000_000

export interface RunOptions {
  readonly seed?: string
  readonly tools?: readonly string[]
  readonly memoryLimitMb?: number
  /** Wall time of each turn in milliseconds. */
  readonly timeoutMs?: number
  /** Maximum number of turns, after which the guest is closed although it waits. */
  readonly maxTurns?: number
  /** Returns the answer to a call; by default its input. */
  readonly answer?: (input: string) => Pick<Extract<GuestDelivery, { kind: 'answer' }>, 'ok' | 'text'>
  /** Returns a number from 0 to 1, by which the next delivery is chosen; by default the oldest call is answered. */
  readonly random?: () => number
}

/** Turn of a guest: its delivery, and its report without the measurements. */
export interface GuestTurn {
  readonly delivery: GuestDelivery
  readonly reply: object
}

/** Guest that has been closed, with all its turns. */
export interface PastGuest {
  readonly isolate: ReusableIsolate
  /** True if the isolate had other guests before. */
  readonly hadEarlierGuests: boolean
  readonly turns: readonly GuestTurn[]
  /** End of the guest, or the reason why it was stopped; undefined if it was closed while it waited. */
  readonly end: unknown
  readonly hasEndedByItself: boolean
}

/** Returns an isolate that has had no guest. */
export function newIsolate({ memoryLimitMb = limits.memoryLimitMb }: RunOptions = {}): ReusableIsolate {
  return new ReusableIsolate(runtime, memoryLimitMb)
}

/** Runs a guest in an isolate in which no other guest lives, until its end. */
export function runGuest(isolate: ReusableIsolate, code: string, options: RunOptions = {}): PastGuest {
  const { timeoutMs = 60_000, maxTurns = 1_000 } = options
  const guest = openIn(isolate, code, options)
  const turns: GuestTurn[] = []
  const next = new Deliveries(options)
  let delivery: GuestDelivery | undefined = { kind: 'start', at: startedAt }
  let end: unknown
  while (delivery !== undefined && turns.length < maxTurns) {
    const reply = guest.turn(delivery, timeoutMs)
    turns.push({ delivery, reply: withoutMeasurements(reply) })
    end = reply.type === 'turn' ? reply.effects.end : reply
    delivery = end === undefined ? next.after(reply) : undefined
  }
  return { isolate, hadEarlierGuests: isolate.hadEarlierGuests, turns, end, hasEndedByItself: guest.hasEndedByItself }
}

/** Gives a new guest the deliveries of another one, and returns what it reports. */
export function repeatGuest(
  isolate: ReusableIsolate,
  code: string,
  { deliveries, ...options }: RunOptions & { readonly deliveries: readonly GuestDelivery[] },
): GuestTurn[] {
  const guest = openIn(isolate, code, options)
  return deliveries.map((delivery) => {
    return { delivery, reply: withoutMeasurements(guest.turn(delivery, options.timeoutMs ?? 10_000)) }
  })
}

/** Sandbox process without the process: its warm pool, in which guests run one after the other. */
export class ConsecutiveGuests {
  readonly #isolates = new WarmIsolates(runtime)
  readonly #taken = new Set<ReusableIsolate>()

  constructor() {
    this.rest()
  }

  /** Runs a guest until its end, and gives its isolate back or discards it, as a sandbox process does. */
  run(code: string, options: RunOptions = {}): PastGuest {
    const isolate = this.#isolates.take(options.memoryLimitMb ?? limits.memoryLimitMb, false)
    this.#taken.add(isolate)
    const guest = runGuest(isolate, code, options)
    if (guest.hasEndedByItself) this.#isolates.giveBack(isolate, isolate.sizeBytes() ?? Infinity)
    else this.#isolates.discard(isolate, Infinity)
    for (const each of this.#taken) if (each.isDisposed) this.#taken.delete(each)
    return guest
  }

  /** Does all work of idle moments. */
  rest(): void {
    for (;;) {
      const [piece] = this.#isolates.piecesOfWork()
      if (piece === undefined) return
      piece.run()
    }
  }

  /** Isolates that have had a guest and are kept. */
  get kept(): readonly ReusableIsolate[] {
    return [...this.#taken]
  }

  [Symbol.dispose](): void {
    for (const isolate of this.#taken) isolate.dispose()
  }
}

/** Chooses what a guest gets next: an answer to an open call, or a timer. */
class Deliveries {
  readonly #open: { readonly call: number; readonly input: string }[] = []
  readonly #options: RunOptions
  #at = startedAt

  constructor(options: RunOptions) {
    this.#options = options
  }

  after(reply: TurnReply): GuestDelivery | undefined {
    if (reply.type !== 'turn') return undefined
    const { calls, nextTimerAt } = reply.effects
    this.#open.push(...calls)
    const { random, answer = (text: string) => ({ ok: true, text }) } = this.#options
    const isTimer = nextTimerAt !== null && (this.#open.length === 0 || (random?.() ?? 1) < 0.3)
    if (!isTimer && this.#open.length === 0) return undefined
    this.#at = Math.max(this.#at + 1, isTimer ? nextTimerAt : 0)
    if (isTimer) return { kind: 'tick', at: this.#at }
    const { call, input } = this.#open.splice(Math.floor((random?.() ?? 0) * this.#open.length), 1)[0]!
    return { kind: 'answer', at: this.#at, call, ...answer(input) }
  }
}

function openIn(isolate: ReusableIsolate, code: string, options: RunOptions): GuestHost {
  const { seed = '5'.repeat(64), tools = ['echo'], memoryLimitMb = limits.memoryLimitMb } = options
  const texts = { input: '{"a":[1]}', context: '{}', config: '{}' }
  return openGuest({ code, ...texts, seed, tools, limits: { ...limits, memoryLimitMb } }, isolate)
}

/** Returns a copy of a report without what depends on the machine and on the heap. */
function withoutMeasurements(reply: TurnReply): object {
  return structuredClone({ ...reply, cpuMs: 0, guestBytes: 0 })
}
