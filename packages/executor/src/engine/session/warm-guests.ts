import type { IdleGuest } from './realm.ts'

/** Maximum number of guests that are kept between two steps. */
const maxGuests = 1_000

/** Session whose guest is kept. */
export interface SessionIds {
  readonly tenant: string
  readonly session: string
}

interface WarmGuest {
  readonly idle: IdleGuest
  /** Id of the step after which the guest is. */
  readonly stateOf: string
  readonly timer: NodeJS.Timeout
}

/**
 * Guests of durable sessions between two steps on this node. A guest that is not used for a while is closed: its session
 * costs rows in the store only, and the next step rebuilds it. The sandbox may evict a guest earlier. Closing it has no effect
 * then, and its next turn is lost, so that it is rebuilt, too.
 */
export class WarmGuests {
  readonly #evictAfterMs: number
  readonly #guests = new Map<string, WarmGuest>()
  /** Steps whose end is being stored, by execution id. */
  readonly #ending = new Map<string, Promise<void>>()

  constructor(evictAfterMs: number) {
    this.#evictAfterMs = evictAfterMs
  }

  /** Returns the guest after the given step, and forgets it. Closes one after any other step, since its state is old. */
  take(ids: SessionIds, stateOf: string | undefined): IdleGuest | undefined {
    const kept = this.#remove(keyOf(ids))
    if (kept === undefined || kept.stateOf === stateOf) return kept?.idle
    kept.idle.guest.close()
    return undefined
  }

  /** Keeps the guest after the given step, in place of an earlier one. */
  put(ids: SessionIds, stateOf: string, idle: IdleGuest): void {
    const key = keyOf(ids)
    this.#close(key)
    const [oldest] = this.#guests.keys()
    if (oldest !== undefined && this.#guests.size >= maxGuests) this.#close(oldest)
    const timer = setTimeout(() => this.#close(key), this.#evictAfterMs).unref()
    this.#guests.set(key, { idle, stateOf, timer })
  }

  /** Notes that the end of a step is being stored, until the returned function is called. */
  end(executionId: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ending.set(executionId, promise)
    return () => {
      this.#ending.delete(executionId)
      resolve()
    }
  }

  /** Returns a promise that resolves when a step whose end is being stored here has given its guest back. */
  ending(executionId: string): Promise<void> | undefined {
    return this.#ending.get(executionId)
  }

  /** Closes the guest of a session that has ended. */
  drop(ids: SessionIds): void {
    this.#close(keyOf(ids))
  }

  /** Closes all guests. */
  close(): void {
    for (const key of this.#guests.keys()) this.#close(key)
  }

  #close(key: string): void {
    this.#remove(key)?.idle.guest.close()
  }

  #remove(key: string): WarmGuest | undefined {
    const kept = this.#guests.get(key)
    if (kept === undefined) return undefined
    clearTimeout(kept.timer)
    this.#guests.delete(key)
    return kept
  }
}

function keyOf({ tenant, session }: SessionIds): string {
  return `${tenant}\0${session}`
}
