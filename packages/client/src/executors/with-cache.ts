import { z } from 'zod'

import { milliseconds } from '../config/schema.ts'
import { concludeError, ExecutorClientError } from '../errors/executor-client-error.ts'
import { deserializeError, serializeError } from '../errors/transfer.ts'
import { failedResultOf, type ExecutionResult } from '../run/execution-result.ts'
import { SharedRun } from '../run/shared-run.ts'
import type { Executor, RunOptions } from '../executor.ts'
import { RunLifetime } from '../protocol/run-lifetime.ts'
import { cacheKey, runKey } from './cache-key.ts'
import { CancelledById } from '../errors/cancelled-error.ts'
import { ExecutionRoutes } from './execution-routes.ts'
import { withIds, type RunWithIds } from './with-ids.ts'
import { forwardMethods } from './forward-methods.ts'
import { finishedEvent, pausedEvent, startedEvent } from './result-events.ts'
import { RunCache } from './run-cache.ts'
import { checkExecutors, parseWrapperOptions } from './wrapper-options.ts'

const correctCall = 'withCache(executor, { ttlMs: 300_000, maxEntries: 1_000 })'

const optionsSchema = z.strictObject({
  /** Milliseconds for which a result is kept; 300,000 by default. */
  ttlMs: milliseconds.default(300_000),
  /**
   * Maximum number of results, of which the least recently used is evicted; 1,000 by default. All results together take
   * at most 64 MiB.
   */
  maxEntries: z.int().min(1).default(1_000),
})

/** Options of `withCache`. */
export type CacheOptions = z.input<typeof optionsSchema>

/** Executor that caches results. */
export interface CachingExecutor extends Executor {
  /** Removes all results, and does not cache those of runs that are under way. */
  clear(): void
}

/**
 * Returns an executor that caches successes, and lets identical concurrent requests share one run (single-flight).
 * Requests are identical if they have the same code, input, tool declarations, config and context, and come from the
 * client itself or from the same view with tools; to share a run, they need the same limits too. A repeat has
 * `source: 'cache'` and its own ids, and calls no tools; its `logs`, `toolCalls` and `usage` are those of the run that it
 * repeats. A caller that cancels stops waiting; the run is cancelled when no caller waits for it.
 *
 * Only results of the executor itself are cached: no failures, no paused executions, and nothing from a fallback or a
 * degradation. Use it for
 * code whose tools only read, and put into `context` everything that their answers depend on, such as the user.
 */
export function withCache(executor: Executor, options: CacheOptions = {}): CachingExecutor {
  checkExecutors([executor], correctCall)
  const cache = new RunCache(parseWrapperOptions(optionsSchema, options, correctCall))
  const routes = new ExecutionRoutes()
  const forwarded = forwardMethods([executor], routes)
  /** Lifetimes of the callers that wait, by the ids of their requests. */
  const waiting = new Map<string, RunLifetime>()

  const serve = async ({ request, options }: RunWithIds, { signal }: RunLifetime): Promise<ExecutionResult> => {
    const key = cacheKey(request, options.handlers)
    const cached = cache.resultOf(key)
    if (cached !== undefined) {
      routes.set(request.id, executor, cached.executionId)
      options.onEvent?.(startedEvent(request.id, options.correlationId))
      return repeatResult(cached, request.id, options)
    }
    const sharedKey = runKey(key, request, options.requestTimeoutMs)
    const joined = cache.runOf(sharedKey)
    const ids = { executionId: request.id, correlationId: options.correlationId }
    if (joined !== undefined) {
      routes.set(request.id, executor, joined.executionId)
      options.onEvent?.(startedEvent(request.id, options.correlationId))
      return repeatResult(structuredClone(await withOwnError(joined.wait(signal), ids)), request.id, options)
    }
    const run = new SharedRun(request.id, (shared) =>
      executor.run(request, { ...whileWaiting(options, signal), signal: shared }),
    )
    routes.set(request.id, executor)
    cache.add(key, sharedKey, run)
    return run.wait(signal)
  }

  return {
    ...forwarded,
    async run(given, givenOptions) {
      // The value of a step depends on the steps before it.
      if (givenOptions.session !== undefined) return executor.run(given, givenOptions)
      const runWithIds = withIds(given, givenOptions)
      const { request, options } = runWithIds
      const ids = { executionId: request.id, correlationId: options.correlationId }
      const { requestTimeoutMs: timeoutMs = Infinity, signal } = options
      const lifetime = new RunLifetime({ ...ids, timeoutMs, signals: [signal] })
      const wasOpen = !lifetime.signal.aborted
      waiting.set(request.id, lifetime)
      try {
        lifetime.signal.throwIfAborted()
        return await serve(runWithIds, lifetime)
      } catch (error) {
        if (error instanceof CancelledById) return failedResultOf(error, ids)
        const isAborted = wasOpen && error === lifetime.signal.reason && error instanceof ExecutorClientError
        throw isAborted ? concludeError(error, { attempts: 1, ambiguous: true }) : error
      } finally {
        waiting.delete(request.id)
        lifetime.dispose()
      }
    },
    async cancel(requestId, reason, options) {
      const lifetime = waiting.get(requestId)
      // An execution that ran here and has no waiting caller is over for its own caller; its run may still serve
      // others.
      if (lifetime !== undefined) lifetime.end(new CancelledById(reason))
      else if (routes.get(requestId) === undefined) await forwarded.cancel?.(requestId, reason, options)
    },
    clear: () => cache.clear(),
  }
}

/** Returns options that forward no events after the signal has aborted. */
function whileWaiting({ onEvent, ...options }: RunOptions, signal: AbortSignal): RunOptions {
  if (onEvent === undefined) return options
  return { ...options, onEvent: (event) => void (signal.aborted || onEvent(event)) }
}

/**
 * Returns a result of another request as the result of this one. A paused execution keeps its id, by which it is resumed.
 */
function repeatResult(
  result: ExecutionResult,
  executionId: string,
  options: RunOptions & { readonly correlationId: string },
): ExecutionResult {
  const { correlationId, onEvent } = options
  if (result.status === 'paused') {
    onEvent?.(pausedEvent(result, '2'))
    return { ...result, correlationId }
  }
  const repeated = { ...result, executionId, correlationId, source: 'cache' } as const
  onEvent?.(finishedEvent(repeated, '2'))
  return repeated
}

/** Waits for a shared run. Rejects with a copy of its error that has the ids of this caller. */
async function withOwnError<T>(joined: Promise<T>, ids: { executionId: string; correlationId: string }): Promise<T> {
  try {
    return await joined
  } catch (error) {
    if (!(error instanceof ExecutorClientError)) throw error
    const copy = deserializeError(serializeError(error))
    throw error.executionId === ids.executionId ? error : Object.assign(copy as ExecutorClientError, ids)
  }
}
