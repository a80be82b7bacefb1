import type { PreparedSource } from '../../guest-boundary.ts'

/** Maximum number of prepared sources that a process keeps. */
const maxCount = 16
/** Maximum length of a code whose prepared source is kept, in characters. */
const maxLength = 16 * 1024

/**
 * Memo of the codes that this process has prepared last. Executions of one code with different inputs, and the replay of an
 * evicted guest, prepare it once. What it keeps belongs to the tenant of the process.
 */
export class RecentSources {
  readonly #prepare: (code: string) => PreparedSource
  /** Prepared sources by code, the least recently used first. */
  readonly #kept = new Map<string, PreparedSource>()

  constructor(prepare: (code: string) => PreparedSource) {
    this.#prepare = prepare
  }

  /** Returns the prepared source of a code. Throws what the preparation throws. */
  prepare(code: string): PreparedSource {
    if (code.length > maxLength) return this.#prepare(code)
    const prepared = this.#kept.get(code) ?? this.#prepare(code)
    this.#kept.delete(code)
    this.#kept.set(code, prepared)
    if (this.#kept.size > maxCount) this.#kept.delete(this.#kept.keys().next().value!)
    return prepared
  }
}
