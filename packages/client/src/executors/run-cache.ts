import { LRUCache } from 'lru-cache'

import type { ExecutionResult } from '../run/execution-result.ts'
import type { SharedRun } from '../run/shared-run.ts'

/** Maximum size in memory, at two bytes a character. */
const maxBytes = 64 * 1024 * 1024

interface RunCacheOptions {
  readonly ttlMs: number
  readonly maxEntries: number
}

/** Cached results, as JSON text so that callers share no value, and the runs that may be joined. */
export class RunCache {
  readonly #results: LRUCache<string, string>
  readonly #runs = new Map<string, SharedRun>()

  constructor({ ttlMs, maxEntries }: RunCacheOptions) {
    this.#results = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: (result, key) => 2 * (result.length + key.length),
      ttl: ttlMs,
      ttlResolution: 0,
      // Monotonic clock. It never reads 0, which lru-cache takes for unset.
      perf: { now: () => performance.timeOrigin + performance.now() },
    })
  }

  /** Returns a copy of the cached result. */
  resultOf(key: string): ExecutionResult | undefined {
    const text = this.#results.get(key)
    return text === undefined ? undefined : (JSON.parse(text) as ExecutionResult)
  }

  /** Returns the run with that key if it can be joined. */
  runOf(runKey: string): SharedRun | undefined {
    const run = this.#runs.get(runKey)
    return run?.isAborted === true ? undefined : run
  }

  /** Lets callers join the run until it ends, and then caches its result if that may be cached. */
  add(key: string, runKey: string, run: SharedRun): void {
    this.#runs.set(runKey, run)
    const end = (result?: ExecutionResult): void => {
      if (this.#runs.get(runKey) !== run) return
      this.#runs.delete(runKey)
      if (result !== undefined && isCacheable(result)) this.#results.set(key, JSON.stringify(result))
    }
    run.outcome.then(end, () => end())
  }

  clear(): void {
    this.#results.clear()
    this.#runs.clear()
  }
}

/**
 * Returns whether a result may be cached. The value of a fallback or a degradation must not be used after the outage,
 * and must not be reported as the executor's own.
 */
function isCacheable({ success, source }: ExecutionResult): boolean {
  // Neither a failure nor a paused execution.
  return success && (source === 'executor' || source === 'cache')
}
