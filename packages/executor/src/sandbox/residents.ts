import type { GuestSpec } from './protocol.ts'

/** A guest that lives in a sandbox process. */
export interface Resident {
  /** What it is made from; undefined once its isolate has been made. */
  spec: GuestSpec | undefined
  /** What it keeps in memory, as of the end of its last turn. */
  bytes: number
  /** When its last turn ended, by `performance.now()`. */
  idleSince: number
}

/** The guests of one sandbox process, the one that has waited longest first. */
export class Residents {
  readonly #guests = new Map<number, Resident>()
  #bytes = 0

  get size(): number {
    return this.#guests.size
  }

  /** What all of them keep in memory. */
  get bytes(): number {
    return this.#bytes
  }

  add(guest: number, spec: GuestSpec): void {
    this.#guests.set(guest, { spec, bytes: 0, idleSince: performance.now() })
  }

  get(guest: number): Resident | undefined {
    return this.#guests.get(guest)
  }

  /** Notes that a turn of the guest has ended, and how large it is now. */
  rested(guest: number, bytes: number): void {
    const resident = this.#guests.get(guest)
    if (!resident) return
    this.#guests.delete(guest)
    this.#guests.set(guest, resident)
    this.#bytes += bytes - resident.bytes
    resident.bytes = bytes
    resident.idleSince = performance.now()
  }

  /** Forgets a guest and returns what was known of it. */
  remove(guest: number): Resident | undefined {
    const resident = this.#guests.get(guest)
    if (resident && this.#guests.delete(guest)) this.#bytes -= resident.bytes
    return resident
  }

  /** The guests in the order of their waiting. */
  entries(): IterableIterator<[number, Resident]> {
    return this.#guests.entries()
  }
}
