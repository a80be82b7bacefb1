interface Source {
  /** Lines that may still be written in the current interval. */
  left: number
  /** Time at which the current interval ends. */
  endsAt: number
  suppressed: number
}

const linesPerInterval = 10
const intervalMs = 1_000
/** Maximum number of sources that are told apart. Beyond it, all are forgotten. */
const maxSources = 10_000

/** Filter of log lines: lets ten lines of each source through in a second, and counts the others. */
export class FloodFilter {
  readonly #sources = new Map<string, Source>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * Returns the number of lines of the source that were suppressed since its last one; undefined if this one is suppressed.
   */
  next(name: string): number | undefined {
    const source = this.#source(name)
    const now = this.#now()
    if (now >= source.endsAt) {
      source.left = linesPerInterval
      source.endsAt = now + intervalMs
    }
    if (source.left === 0) {
      source.suppressed += 1
      return undefined
    }
    source.left -= 1
    const { suppressed } = source
    source.suppressed = 0
    return suppressed
  }

  #source(name: string): Source {
    const known = this.#sources.get(name)
    if (known !== undefined) return known
    if (this.#sources.size >= maxSources) this.#sources.clear()
    const source = { left: 0, endsAt: 0, suppressed: 0 }
    this.#sources.set(name, source)
    return source
  }
}
