interface Record {
  /** How often, fading with time. */
  misdeeds: number
  at: number
  until: number
}

/** So many in quick succession are forgiven: a model that writes one bad program writes it again. */
const forgiven = 4
/** One is forgotten after so long. */
const fadeMs = 5_000
const basePenaltyMs = 500
const maxPenaltyMs = 30_000
/** More are not counted: the longest wait is reached. */
const maxMisdeeds = forgiven + 7

/**
 * How long tenants whose code keeps costing sandbox processes must wait before they may begin another execution: the more
 * often, the longer. Each lost process takes the machine some hundred milliseconds, which are other tenants' as well.
 */
export class Penalties {
  readonly #records = new Map<string, Record>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Notes that the tenant's code has cost a process; returns how long the tenant must wait now, in milliseconds. */
  add(tenant: string): number {
    const at = this.#now()
    const before = this.#records.get(tenant) ?? { misdeeds: 0, at, until: at }
    const misdeeds = Math.min(maxMisdeeds, Math.max(0, before.misdeeds - (at - before.at) / fadeMs) + 1)
    const excess = Math.floor(misdeeds - forgiven)
    const penaltyMs = excess <= 0 ? 0 : Math.min(maxPenaltyMs, basePenaltyMs * 2 ** (excess - 1))
    this.#records.set(tenant, { misdeeds, at, until: Math.max(before.until, at + penaltyMs) })
    return this.waitMs(tenant)
  }

  /** How long the tenant must wait still. */
  waitMs(tenant: string): number {
    const record = this.#records.get(tenant)
    return record === undefined ? 0 : Math.max(0, record.until - this.#now())
  }

  /** Forgets what is over. */
  sweep(): void {
    const now = this.#now()
    for (const [tenant, { misdeeds, at, until }] of this.#records) {
      if (until < now && (now - at) / fadeMs > misdeeds) this.#records.delete(tenant)
    }
  }
}
