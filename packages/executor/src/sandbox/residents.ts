import type { GuestSpec } from './protocol.ts'

/** Guest that lives in a sandbox process. */
export interface Resident {
  /** Spec that the guest is made from; undefined once its isolate has been made. */
  spec: GuestSpec | undefined
  /** Memory in bytes that the guest kept at the end of its last turn. */
  bytes: number
  /** Time at which its last turn ended, or at which it was added, by `performance.now()`. */
  idleSince: number
}

/** Guests of one sandbox process, the longest waiting first. */
export class Residents {
  readonly #guests = new Map<number, Resident>()
  #bytes = 0

  get size(): number {
    return this.#guests.size
  }

  /** Memory in bytes that all guests keep. */
  get bytes(): number {
    return this.#bytes
  }

  add(guest: number, spec: GuestSpec): void {
    this.#guests.set(guest, { spec, bytes: 0, idleSince: performance.now() })
  }

  get(guest: number): Resident | undefined {
    return this.#guests.get(guest)
  }

  /** Records the end of a guest's turn, and the memory in bytes that the guest keeps after it. */
  rested(guest: number, bytes: number): void {
    const resident = this.#guests.get(guest)
    if (!resident) return
    this.#guests.delete(guest)
    this.#guests.set(guest, resident)
    this.#bytes += bytes - resident.bytes
    resident.bytes = bytes
    resident.idleSince = performance.now()
  }

  /** Removes a guest and returns its entry, if there is one. */
  remove(guest: number): Resident | undefined {
    const resident = this.#guests.get(guest)
    if (resident && this.#guests.delete(guest)) this.#bytes -= resident.bytes
    return resident
  }

  /** Returns the guests, the longest waiting first. */
  entries(): IterableIterator<[number, Resident]> {
    return this.#guests.entries()
  }
}
