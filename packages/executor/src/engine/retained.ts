import { Fifo } from './fifo.ts'

interface RetainedOptions<Value> {
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

/** The entries of one tenant. */
interface Share<Value> {
  readonly entries: Map<string, Entry<Value>>
  readonly byAge: Fifo<Entry<Value>>
  bytes: number
}

/**
 * Values of tenants, kept for a limited time and within bounds that the tenants share fairly. When a bound is reached, the
 * oldest value of the tenant with the most is forgotten: values within the fair share of a tenant cannot be displaced by
 * another tenant.
 */
export class Retained<Value> {
  readonly #options: RetainedOptions<Value>
  readonly #shares = new Map<string, Share<Value>>()
  /** Entries of all tenants by age, with some that were forgotten. */
  readonly #byAge = new Fifo<Entry<Value>>()
  readonly #now: () => number
  #count = 0
  #bytes = 0
  #forgottenAt = -Infinity

  constructor(options: RetainedOptions<Value>) {
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
    return this.#shares.get(tenant)?.entries.get(id)?.value
  }

  /** Keeps a value, unless it alone exceeds the bound. */
  add(tenant: string, id: string, value: Value): void {
    const { count, bytes: maxBytes, bytesOf } = this.#options
    this.#forgetExpired()
    const bytes = bytesOf(value)
    if (bytes > maxBytes) return
    const share = this.#shares.get(tenant) ?? { entries: new Map(), byAge: new Fifo<Entry<Value>>(), bytes: 0 }
    this.#shares.set(tenant, share)
    const entry = { tenant, id, value, bytes, addedAt: this.#now() }
    share.entries.set(id, entry)
    share.byAge.add(entry)
    share.bytes += bytes
    this.#byAge.add(entry)
    this.#count += 1
    this.#bytes += bytes
    while (this.#bytes > maxBytes) this.#forgetOldestOf(({ bytes }) => bytes)
    while (this.#count > count) this.#forgetOldestOf(({ entries }) => entries.size)
  }

  #forgetOldestOf(sizeOf: (share: Share<Value>) => number): void {
    let largest: Share<Value> | undefined
    for (const share of this.#shares.values()) {
      if (largest === undefined || sizeOf(share) > sizeOf(largest)) largest = share
    }
    if (largest !== undefined) this.#forgetOldest(largest)
  }

  #forgetExpired(): void {
    const until = this.#now() - this.#options.ms
    for (let oldest = this.#byAge.at(0); oldest !== undefined; oldest = this.#byAge.at(0)) {
      if (oldest.value !== undefined && oldest.addedAt > until) return
      this.#byAge.take()
      if (oldest.value !== undefined) this.#forgetOldest(this.#shares.get(oldest.tenant)!)
    }
  }

  #forgetOldest(share: Share<Value>): void {
    const entry = share.byAge.take()!
    entry.value = undefined
    share.entries.delete(entry.id)
    share.bytes -= entry.bytes
    if (share.entries.size === 0) this.#shares.delete(entry.tenant)
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
