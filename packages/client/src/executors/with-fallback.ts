import { newExecutionId, type ExecutionRequest } from '@codemode/shared'
import { z } from 'zod'

import { milliseconds } from '../config/schema.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { Executor, RunOptions } from '../executor.ts'
import { forwardAbort } from '../async/forward-abort.ts'
import { ExecutionRoutes } from './execution-routes.ts'
import { withIds } from './with-ids.ts'
import { isOutage } from '../errors/unavailable.ts'
import { forwardMethods } from './forward-methods.ts'
import { timeLeft } from './time-left.ts'
import { checkExecutors, parseWrapperOptions } from './wrapper-options.ts'

type ShouldFallBack = (error: unknown, request: ExecutionRequest) => boolean

const correctCall = 'withFallback(primary, secondary, { timeoutMs: 5_000 })'

const optionsSchema = z.strictObject({
  /** Milliseconds that the primary may take; 5,000 by default. */
  timeoutMs: milliseconds.default(5_000),
  /** Function that returns whether the secondary runs the code after an error of the primary; by default it always does. */
  shouldFallBack: z
    .custom<ShouldFallBack>((value) => typeof value === 'function', 'must be a function')
    .default(() => () => true),
})

/** Options of `withFallback`. */
export type FallbackOptions = z.input<typeof optionsSchema>

/**
 * Returns an executor that runs the code on a secondary when the primary has failed: its request was rejected, or it
 * was not done after `timeoutMs` and is cancelled. The result of the secondary has `source: 'fallback'` and an
 * execution id of its own. Results of the code, failures included, pass from either. Rejects with an AggregateError of
 * both errors when both fail, with a CancelledError when the caller cancels, and with a ConfigurationError of the
 * primary unchanged.
 *
 * The code runs again from its beginning: **tools that the first run has called may be called again.** Use it for tools
 * that are idempotent, or let `shouldFallBack` look at `error.ambiguous`.
 */
export function withFallback(primary: Executor, secondary: Executor, options: FallbackOptions = {}): Executor {
  checkExecutors([primary, secondary], correctCall)
  const { timeoutMs, shouldFallBack } = parseWrapperOptions(optionsSchema, options, correctCall)
  const routes = new ExecutionRoutes()
  return {
    ...forwardMethods([primary, secondary], routes),
    async run(given, givenOptions) {
      // Only the primary has the session.
      if (givenOptions.session !== undefined) return primary.run(given, givenOptions)
      const { request, options } = withIds(given, givenOptions)
      const leftMs = timeLeft(options.requestTimeoutMs)
      routes.set(request.id, primary)
      let failure: unknown
      try {
        return await runWithin(timeoutMs, primary, request, options)
      } catch (error) {
        const isOver = leftMs() === 0
        if (isOver || !isOutage(error, options.signal) || !shouldFallBack(error, request)) throw error
        failure = error
      }
      // A new id, because call ids are made from it and a tool server answers a call id that it knows from its record.
      const again = { ...request, id: newExecutionId() }
      routes.set(request.id, secondary, again.id)
      try {
        return { ...(await secondary.run(again, { ...options, requestTimeoutMs: leftMs() })), source: 'fallback' }
      } catch (error) {
        throw isOutage(error, options.signal) ? bothFailed(failure, error) : error
      }
    },
  }
}

/** Runs on an executor, and after `timeoutMs` cancels the run and rejects without waiting for its end. */
async function runWithin(
  timeoutMs: number,
  executor: Executor,
  request: ExecutionRequest & { readonly id: string },
  options: RunOptions & { readonly correlationId: string },
): Promise<ExecutionResult> {
  const { onEvent } = options
  const controller = new AbortController()
  const stopForwarding = forwardAbort(options.signal, controller)
  const timedOut = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = primaryTimedOut(timeoutMs, request.id, options.correlationId)
    controller.abort(error)
    timedOut.reject(error)
  }, timeoutMs)
  try {
    const running = executor.run(request, {
      ...options,
      signal: controller.signal,
      ...(onEvent && { onEvent: (event) => controller.signal.aborted || onEvent(event) }),
    })
    return await Promise.race([running, timedOut.promise])
  } finally {
    clearTimeout(timer)
    stopForwarding()
  }
}

function primaryTimedOut(timeoutMs: number, executionId: string, correlationId: string): ExecutorTimeoutError {
  return new ExecutorTimeoutError(
    'REQUEST_TIMEOUT',
    `The primary executor did not finish within timeoutMs (${timeoutMs} ms)`,
    {
      executionId,
      correlationId,
      layer: 'request',
      timeoutMs,
      option: 'timeoutMs',
      retryable: true,
      ambiguous: true,
      attempts: 1,
    },
  )
}

function bothFailed(first: unknown, second: unknown): AggregateError {
  const messages = [first, second].map((error) => (error instanceof Error ? error.message : String(error)))
  return new AggregateError([first, second], `Both executors failed: ${messages.join('; ')}`)
}
