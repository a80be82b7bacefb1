import type { JournalEntry } from '@codemode/shared'

/** Account of the wall time of one execution, in milliseconds: the time in which nodes held it, and that in which it waited. */
export class TimeAccount {
  #lastAt: number
  #activeMs = 0
  #waitMs = 0
  /** Time of the claim under which the execution runs; undefined while it is parked. */
  #claimedAt: number | undefined
  #waitsSince: number | undefined

  constructor(createdAt: number) {
    this.#lastAt = createdAt
  }

  /** Time at which the last entry was written. No later entry was written earlier. */
  get lastAt(): number {
    return this.#lastAt
  }

  /** Milliseconds from claims to the ends of these claims, without the current one. */
  get activeMs(): number {
    return this.#activeMs
  }

  /** Milliseconds of active time, with those of a claim that has not ended, up to its last entry. */
  get activeMsAtLastEntry(): number {
    return this.#activeMs + (this.#claimedAt === undefined ? 0 : this.#lastAt - this.#claimedAt)
  }

  /** Milliseconds in which no turn ran or was due. */
  get waitMs(): number {
    return this.#waitMs
  }

  /** Whether a node has the execution, as far as the journal shows. */
  get isClaimed(): boolean {
    return this.#claimedAt !== undefined
  }

  get isWaiting(): boolean {
    return this.#waitsSince !== undefined
  }

  /** Counts the time until the next entry. */
  add(entry: JournalEntry): void {
    const { at } = entry
    if (entry.type === 'claim') {
      // After a crash, the entry before a claim is the last sign of life of the claim before.
      this.#endClaim(this.#lastAt)
      this.#claimedAt = at
    } else if (entry.type === 'park') {
      this.#endClaim(at)
    } else if (this.#waitsSince !== undefined) {
      // An answer ends a wait. A turn ends it too, because a timer leaves no entry before its turn.
      this.#waitMs += at - this.#waitsSince
      this.#waitsSince = undefined
    }
    // A turn that was followed at once has the time of its beginning, and answers that came later may precede its entry.
    this.#lastAt = entry.type === 'turn' ? Math.max(this.#lastAt, entry.endedAt) : at
  }

  /** Counts the time from now on as a wait, until an entry ends it. */
  beginWait(at: number): void {
    this.#waitsSince = at
  }

  #endClaim(at: number): void {
    if (this.#claimedAt !== undefined) this.#activeMs += at - this.#claimedAt
    this.#claimedAt = undefined
  }
}
