import { AgeQueue, type Aging } from './age-queue.ts'

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

interface Entry<Value> extends Aging {
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
  readonly byAge: AgeQueue<Entry<Value>>
  bytes: number
}

/**
 * Values of tenants, kept for a limited time and within bounds that the tenants share fairly. When a bound is reached, the
 * oldest value of the tenant with the most is forgotten: values within the fair share of a tenant cannot be displaced by
 * another tenant.
 */
export class RetentionStore<Value> {
  readonly #options: RetainedOptions<Value>
  readonly #shares = new Map<string, Share<Value>>()
  readonly #all = new AgeQueue<Entry<Value>>()
  readonly #now: () => number
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
    const share = this.#shares.get(tenant) ?? { entries: new Map(), byAge: new AgeQueue(), bytes: 0 }
    this.#shares.set(tenant, share)
    const entry = { tenant, id, value, bytes, addedAt: this.#now(), isGone: false }
    share.entries.set(id, entry)
    share.byAge.add(entry)
    share.bytes += bytes
    this.#all.add(entry)
    this.#bytes += bytes
    while (this.#bytes > maxBytes) this.#forgetOldestOf(({ bytes }) => bytes)
    while (this.#all.size > count) this.#forgetOldestOf(({ entries }) => entries.size)
  }

  #forgetOldestOf(sizeOf: (share: Share<Value>) => number): void {
    let largest: Share<Value> | undefined
    for (const share of this.#shares.values()) {
      if (largest === undefined || sizeOf(share) > sizeOf(largest)) largest = share
    }
    const oldest = largest?.byAge.oldest
    if (oldest !== undefined) this.#forget(oldest)
  }

  #forgetExpired(): void {
    const until = this.#now() - this.#options.ms
    for (;;) {
      const { oldest } = this.#all
      if (oldest === undefined || oldest.addedAt > until) return
      this.#forget(oldest)
    }
  }

  #forget(entry: Entry<Value>): void {
    const share = this.#shares.get(entry.tenant)!
    entry.isGone = true
    entry.value = undefined
    share.byAge.noteGone()
    this.#all.noteGone()
    share.entries.delete(entry.id)
    share.bytes -= entry.bytes
    if (share.entries.size === 0) this.#shares.delete(entry.tenant)
    this.#bytes -= entry.bytes
    this.#forgottenAt = Math.max(this.#forgottenAt, entry.addedAt)
  }
}
