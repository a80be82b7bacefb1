import { setTimeout as delay } from 'node:timers/promises'

type Counts = ReadonlyMap<string, number>

interface CachedCountsOptions {
  /** Counts. May take long, and reject. */
  readonly count: () => Promise<Counts>
  /** Milliseconds for which counts are used. */
  readonly maxAgeMs: number
  /** Maximum milliseconds for which a reader waits for new counts. */
  readonly maxWaitMs: number
  /** Clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number
}

/** Counts that are too expensive to make for each reader. At most one counting is under way, however many readers there are. */
export class CachedCounts {
  readonly #options: CachedCountsOptions
  readonly #now: () => number
  #counted: { readonly counts: Counts | undefined; readonly at: number } | undefined
  #counting: Promise<void> | undefined

  constructor(options: CachedCountsOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * Resolves with the counts; with undefined if the last counting has failed, or none is as young as twice the maximum age.
   * Never rejects.
   */
  async read(): Promise<Counts | undefined> {
    const { maxAgeMs, maxWaitMs } = this.#options
    if (this.#ageMs >= maxAgeMs) {
      const waiting = new AbortController()
      this.#counting ??= this.#count()
      await Promise.race([this.#counting, delay(maxWaitMs, undefined, waiting).catch(() => {})])
      waiting.abort()
    }
    return this.#ageMs < 2 * maxAgeMs ? this.#counted?.counts : undefined
  }

  get #ageMs(): number {
    return this.#counted === undefined ? Infinity : this.#now() - this.#counted.at
  }

  async #count(): Promise<void> {
    let counts: Counts | undefined
    try {
      counts = await this.#options.count()
    } catch {
      // The store reports its own failures.
    }
    this.#counted = { counts, at: this.#now() }
    this.#counting = undefined
  }
}
