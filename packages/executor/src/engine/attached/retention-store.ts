import { Fifo } from '../fifo.ts'

interface RetentionOptions<Value> {
  /** Milliseconds for which a value is kept. */
  readonly ms: number
  /** Maximum number of values. */
  readonly count: number
  /** Maximum of the sum of `bytesOf` over the values. */
  readonly bytes: number
  readonly bytesOf: (value: Value) => number
  /** Monotonic clock in milliseconds; `performance.now` by default. */
  readonly now?: () => number
}

interface Entry<Value> {
  readonly tenant: string
  readonly id: string
  /** Undefined after the entry has been forgotten. */
  value: Value | undefined
  readonly bytes: number
  readonly addedAt: number
}

/** Entries of one tenant. */
interface TenantEntries<Value> {
  readonly byId: Map<string, Entry<Value>>
  readonly byAge: Fifo<Entry<Value>>
  bytes: number
}

/**
 * Store that keeps values of tenants for a limited time, within bounds that the tenants share fairly. When a bound is
 * reached, it forgets the oldest value of the tenant that has most of them; so no tenant can displace values within the
 * fair share of another.
 */
export class RetentionStore<Value> {
  readonly #options: RetentionOptions<Value>
  readonly #tenants = new Map<string, TenantEntries<Value>>()
  /** Entries of all tenants by age, with some that were forgotten. */
  readonly #byAge = new Fifo<Entry<Value>>()
  readonly #now: () => number
  #count = 0
  #bytes = 0
  #forgottenAt = -Infinity

  constructor(options: RetentionOptions<Value>) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Time at which the newest of the forgotten values was added: all values that were added later are still kept. */
  get forgottenAt(): number {
    this.#forgetExpired()
    return this.#forgottenAt
  }

  get(tenant: string, id: string): Value | undefined {
    this.#forgetExpired()
    return this.#tenants.get(tenant)?.byId.get(id)?.value
  }

  /** Returns the values of a tenant. */
  values(tenant: string): Value[] {
    this.#forgetExpired()
    return [...(this.#tenants.get(tenant)?.byId.values() ?? [])].map(({ value }) => value!)
  }

  /** Keeps a value, unless it alone exceeds the bound. */
  add(tenant: string, id: string, value: Value): void {
    const { count, bytes: maxBytes, bytesOf } = this.#options
    this.#forgetExpired()
    const bytes = bytesOf(value)
    if (bytes > maxBytes) return
    const tenantEntries = this.#tenants.get(tenant) ?? { byId: new Map(), byAge: new Fifo<Entry<Value>>(), bytes: 0 }
    this.#tenants.set(tenant, tenantEntries)
    const entry = { tenant, id, value, bytes, addedAt: this.#now() }
    tenantEntries.byId.set(id, entry)
    tenantEntries.byAge.add(entry)
    tenantEntries.bytes += bytes
    this.#byAge.add(entry)
    this.#count += 1
    this.#bytes += bytes
    while (this.#bytes > maxBytes) this.#forgetOldestOf(({ bytes }) => bytes)
    while (this.#count > count) this.#forgetOldestOf(({ byId }) => byId.size)
  }

  #forgetOldestOf(sizeOf: (tenantEntries: TenantEntries<Value>) => number): void {
    let largest: TenantEntries<Value> | undefined
    for (const tenantEntries of this.#tenants.values()) {
      if (largest === undefined || sizeOf(tenantEntries) > sizeOf(largest)) largest = tenantEntries
    }
    if (largest !== undefined) this.#forgetOldest(largest)
  }

  #forgetExpired(): void {
    const until = this.#now() - this.#options.ms
    for (let oldest = this.#byAge.at(0); oldest !== undefined; oldest = this.#byAge.at(0)) {
      if (oldest.value !== undefined && oldest.addedAt > until) return
      this.#byAge.take()
      if (oldest.value !== undefined) this.#forgetOldest(this.#tenants.get(oldest.tenant)!)
    }
  }

  #forgetOldest(tenantEntries: TenantEntries<Value>): void {
    const entry = tenantEntries.byAge.take()!
    entry.value = undefined
    tenantEntries.byId.delete(entry.id)
    tenantEntries.bytes -= entry.bytes
    if (tenantEntries.byId.size === 0) this.#tenants.delete(entry.tenant)
    this.#count -= 1
    this.#bytes -= entry.bytes
    this.#forgottenAt = Math.max(this.#forgottenAt, entry.addedAt)
    // Entries that were forgotten before older ones of other tenants.
    const forgotten = this.#byAge.size - this.#count
    if (forgotten > minForgotten && forgotten > this.#count) this.#byAge.keep(({ value }) => value !== undefined)
  }
}

/** Number of forgotten entries up to which the list by age is not compacted. */
const minForgotten = 64
