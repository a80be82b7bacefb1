interface TenantRecord {
  /** Number of faults, which decays with time. */
  faults: number
  /** Time of the last fault, by the throttle's clock. */
  at: number
  throttledUntil: number
}

/** Number of faults in quick succession that do not throttle, because a model often repeats a faulty program. */
const toleratedFaults = 4
/** Milliseconds after which one fault is forgotten. */
const faultDecayMs = 5_000
const minThrottleMs = 500
const maxThrottleMs = 30_000
/** Maximum number of faults that are counted. It causes the longest wait. */
const maxFaults = toleratedFaults + 7

/**
 * Throttle for tenants whose code keeps crashing sandbox processes. The more faults, the longer a tenant must wait
 * before it may begin another execution (exponential backoff). Replacing a process takes some hundred milliseconds
 * of CPU time, which other tenants then lack.
 */
export class TenantThrottle {
  readonly #records = new Map<string, TenantRecord>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Counts a fault of the tenant's code. Returns the milliseconds that the tenant must wait now. */
  addFault(tenant: string): number {
    const at = this.#now()
    const before = this.#records.get(tenant) ?? { faults: 0, at, throttledUntil: at }
    const faults = Math.min(maxFaults, Math.max(0, before.faults - (at - before.at) / faultDecayMs) + 1)
    const excess = Math.floor(faults - toleratedFaults)
    const throttleMs = excess <= 0 ? 0 : Math.min(maxThrottleMs, minThrottleMs * 2 ** (excess - 1))
    this.#records.set(tenant, { faults, at, throttledUntil: Math.max(before.throttledUntil, at + throttleMs) })
    return this.throttledMs(tenant)
  }

  /** Returns the milliseconds that the tenant must still wait; 0 if it is not throttled. */
  throttledMs(tenant: string): number {
    const record = this.#records.get(tenant)
    return record === undefined ? 0 : Math.max(0, record.throttledUntil - this.#now())
  }

  /** Number of tenants that must wait. */
  get throttledCount(): number {
    const now = this.#now()
    return this.#records.values().reduce((count, { throttledUntil }) => count + (throttledUntil > now ? 1 : 0), 0)
  }

  /** Removes the records that have no effect any more. */
  removeExpired(): void {
    const now = this.#now()
    for (const [tenant, { faults, at, throttledUntil }] of this.#records) {
      if (throttledUntil < now && (now - at) / faultDecayMs > faults) this.#records.delete(tenant)
    }
  }
}
