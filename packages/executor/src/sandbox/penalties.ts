interface Record {
  /** Number of faults, which decays with time. */
  misdeeds: number
  at: number
  until: number
}

/** Number of faults in quick succession that cause no penalty: a model that writes one bad program writes it again. */
const forgiven = 4
/** Milliseconds after which one fault is forgotten. */
const fadeMs = 5_000
const basePenaltyMs = 500
const maxPenaltyMs = 30_000
/** Maximum number of faults that are counted. It causes the longest wait. */
const maxMisdeeds = forgiven + 7

/**
 * Throttle for tenants whose code keeps crashing sandbox processes. The more faults, the longer a tenant must wait
 * before it may begin another execution (exponential backoff). Each lost process takes the machine some hundred
 * milliseconds, which other tenants need as well.
 */
export class Penalties {
  readonly #records = new Map<string, Record>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Counts a fault of the tenant's code. Returns the milliseconds that the tenant must wait now. */
  add(tenant: string): number {
    const at = this.#now()
    const before = this.#records.get(tenant) ?? { misdeeds: 0, at, until: at }
    const misdeeds = Math.min(maxMisdeeds, Math.max(0, before.misdeeds - (at - before.at) / fadeMs) + 1)
    const excess = Math.floor(misdeeds - forgiven)
    const penaltyMs = excess <= 0 ? 0 : Math.min(maxPenaltyMs, basePenaltyMs * 2 ** (excess - 1))
    this.#records.set(tenant, { misdeeds, at, until: Math.max(before.until, at + penaltyMs) })
    return this.waitMs(tenant)
  }

  /** Returns the milliseconds that the tenant must still wait. */
  waitMs(tenant: string): number {
    const record = this.#records.get(tenant)
    return record === undefined ? 0 : Math.max(0, record.until - this.#now())
  }

  /** Removes the records that have no effect any more. */
  sweep(): void {
    const now = this.#now()
    for (const [tenant, { misdeeds, at, until }] of this.#records) {
      if (until < now && (now - at) / fadeMs > misdeeds) this.#records.delete(tenant)
    }
  }
}
