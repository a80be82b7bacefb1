import type { GuestSpec } from './protocol.ts'

/** Specification of a guest, and its requirement on the isolate. */
export interface GuestRequest {
  readonly spec: GuestSpec
  /** True if the guest gets an isolate that serves no other guest. */
  readonly ownIsolate: boolean
}

/** Guest of a sandbox process. */
export interface ProcessGuest {
  /** State of the guest's context. What it is made from is sent with the guest's first turn. */
  isolate: ({ readonly state: 'unmade' } & GuestRequest) | { readonly state: 'made' }
  /** Whether the guest is a session, which goes on after the end of a step. */
  readonly hasSteps: boolean
  /** Memory in bytes that the guest kept at the end of its last turn. */
  bytes: number
  /** Time at which its last turn ended, or at which it was added, by `performance.now()`. */
  idleSince: number
  /** Time at which it was evicted, by `performance.now()`; undefined if it was not. */
  evictedAt: number | undefined
}

/** Guests of one sandbox process, the longest waiting first. */
export class ProcessGuests {
  readonly #guests = new Map<number, ProcessGuest>()
  #bytes = 0

  get size(): number {
    return this.#guests.size
  }

  /** Memory in bytes that all guests keep. */
  get bytes(): number {
    return this.#bytes
  }

  add(guest: number, request: GuestRequest): ProcessGuest {
    const { spec } = request
    const hasSteps = 'kind' in spec && spec.kind === 'session'
    const isolate = { state: 'unmade', ...request } as const
    const entry = { isolate, hasSteps, bytes: 0, idleSince: performance.now(), evictedAt: undefined }
    this.#guests.set(guest, entry)
    return entry
  }

  get(guest: number): ProcessGuest | undefined {
    return this.#guests.get(guest)
  }

  /** Returns whether a guest still has no isolate. A guest that was removed counts as one that has. */
  isUnmade(guest: number): boolean {
    return this.#guests.get(guest)?.isolate.state === 'unmade'
  }

  /** Returns what a guest is to be made from now; undefined if it is made already. */
  takeRequest(guest: number): GuestRequest | undefined {
    const entry = this.#guests.get(guest)
    if (entry?.isolate.state !== 'unmade') return undefined
    const { spec, ownIsolate } = entry.isolate
    entry.isolate = { state: 'made' }
    return { spec, ownIsolate }
  }

  /** Records the end of a guest's turn, and the memory in bytes that the guest keeps after it. */
  recordTurnEnd(guest: number, bytes: number): void {
    const entry = this.#guests.get(guest)
    if (!entry) return
    this.#guests.delete(guest)
    this.#guests.set(guest, entry)
    this.#bytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.idleSince = performance.now()
  }

  /** Records that a guest keeps less memory than at the end of its last turn. A guest that was removed is left out. */
  recordFreed(guest: number, bytes: number): void {
    const entry = this.#guests.get(guest)
    if (!entry || bytes >= entry.bytes) return
    this.#bytes += bytes - entry.bytes
    entry.bytes = bytes
  }

  /** Removes a guest and returns its entry, if there is one. */
  remove(guest: number): ProcessGuest | undefined {
    const entry = this.#guests.get(guest)
    if (entry && this.#guests.delete(guest)) this.#bytes -= entry.bytes
    return entry
  }

  /** Returns the guests, the longest waiting first. */
  entries(): IterableIterator<[number, ProcessGuest]> {
    return this.#guests.entries()
  }
}
