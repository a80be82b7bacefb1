type Counts = ReadonlyMap<string, number>

interface CachedCountsOptions {
  /** Counts. May take long, and reject. */
  readonly count: () => Promise<Counts>
  /** Milliseconds for which counts are used; longer, up to `maxStaleMs`, if a counting takes more than a twentieth of it. */
  readonly maxAgeMs: number
  /** Milliseconds after which counts are no longer given, while a new counting has not ended. */
  readonly maxStaleMs: number
  /** Maximum milliseconds for which a reader waits for new counts. */
  readonly maxWaitMs: number
  /** Clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number
}

/** Minimum time between two countings, as a multiple of the time that the first of them took. */
const restFactor = 20

/** Counts that are too expensive to make for each reader. At most one counting is under way, however many readers there are. */
export class CachedCounts {
  readonly #options: CachedCountsOptions
  readonly #now: () => number
  #counted: { readonly counts: Counts | undefined; readonly at: number; readonly maxAgeMs: number } | undefined
  #counting: Promise<void> | undefined

  constructor(options: CachedCountsOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * Resolves with the counts of the last counting that has ended; with undefined if it has failed or was too long ago. Never
   * rejects.
   */
  async read(): Promise<Counts | undefined> {
    const { maxStaleMs, maxWaitMs } = this.#options
    if (this.#counted === undefined || this.#ageMs >= this.#counted.maxAgeMs) {
      this.#counting ??= this.#count()
      const waited = Promise.withResolvers<void>()
      const timer = setTimeout(waited.resolve, maxWaitMs)
      await Promise.race([this.#counting, waited.promise])
      clearTimeout(timer)
    }
    return this.#ageMs < maxStaleMs ? this.#counted?.counts : undefined
  }

  get #ageMs(): number {
    return this.#counted === undefined ? Infinity : this.#now() - this.#counted.at
  }

  async #count(): Promise<void> {
    const startedAt = this.#now()
    // The store reports its own failures.
    const counts = await this.#options.count().catch(() => undefined)
    const at = this.#now()
    const restMs = Math.min((at - startedAt) * restFactor, this.#options.maxStaleMs)
    this.#counted = { counts, at, maxAgeMs: Math.max(this.#options.maxAgeMs, restMs) }
    this.#counting = undefined
  }
}
