import { LRUCache } from 'lru-cache'

import type { ExecutionResult } from '../run/execution-result.ts'

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
  return success && (source === 'executor' || source === 'cache')
}

/**
 * Run that several callers wait for (single-flight). It is aborted when the last of them stops waiting before it ends.
 */
export class SharedRun {
  /** Id of the execution. */
  readonly executionId: string
  readonly outcome: Promise<ExecutionResult>
  readonly #controller = new AbortController()
  #waiting = 0

  constructor(executionId: string, start: (signal: AbortSignal) => Promise<ExecutionResult>) {
    this.executionId = executionId
    this.outcome = start(this.#controller.signal)
    // When no caller waits any more, a rejection would be unhandled.
    this.outcome.catch(() => {})
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  /** Waits for the end of the run; rejects with the reason of the signal as soon as that aborts. */
  async wait(signal: AbortSignal): Promise<ExecutionResult> {
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(signal.reason)
    this.#waiting += 1
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([this.outcome, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#waiting -= 1
      if (signal.aborted && this.#waiting === 0) this.#controller.abort(signal.reason)
    }
  }
}
