import { LRUCache } from 'lru-cache'

import type { ExecutionResult } from '../execution-result.ts'
import type { SharedRun } from './shared-run.ts'

/** Of memory, at two bytes a character. */
const maxBytes = 64 * 1024 * 1024

interface RunCacheOptions {
  readonly ttlMs: number
  readonly maxEntries: number
}

/** The results that are remembered, as JSON text so that nobody shares a value, and the runs that may be joined. */
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
      // A clock that nobody sets, and that never reads 0, which lru-cache takes for unset.
      perf: { now: () => performance.timeOrigin + performance.now() },
    })
  }

  /** A copy of the result that is remembered. */
  resultOf(key: string): ExecutionResult | undefined {
    const text = this.#results.get(key)
    return text === undefined ? undefined : (JSON.parse(text) as ExecutionResult)
  }

  /** The run with that key that can be joined. */
  runOf(runKey: string): SharedRun | undefined {
    const run = this.#runs.get(runKey)
    return run?.isAborted === true ? undefined : run
  }

  /** Lets others join the run until it ends, and then remembers its result if it may be remembered. */
  add(key: string, runKey: string, run: SharedRun): void {
    this.#runs.set(runKey, run)
    const end = (result?: ExecutionResult): void => {
      if (this.#runs.get(runKey) !== run) return
      this.#runs.delete(runKey)
      if (result !== undefined && isWorthKeeping(result)) this.#results.set(key, JSON.stringify(result))
    }
    run.outcome.then(end, () => end())
  }

  clear(): void {
    this.#results.clear()
    this.#runs.clear()
  }
}

/** A stand-in's value must not outlive the outage, nor pass for the executor's own. */
function isWorthKeeping({ success, source }: ExecutionResult): boolean {
  return success && (source === 'executor' || source === 'cache')
}
