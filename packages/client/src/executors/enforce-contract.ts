import { maxTimerMs } from '@codemode/shared'

import { cancelledBy } from '../errors/cancelled-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { requestTimedOut } from '../errors/executor-timeout-error.ts'
import { isError } from '../errors/thrown.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { Executor } from '../executor.ts'
import { withIds } from './with-ids.ts'
import { forwardMethods } from './forward-methods.ts'
import { runTimeoutMs } from './run-timeout.ts'

/** Milliseconds within which an executor must end a run by itself after an abort or the request timeout. */
const gracePeriodMs = 1_000

/**
 * Wraps an executor that may break the contract of `Executor.run` into one that keeps it: a run ends when its signal
 * aborts or its time is over, resolves with a result, and rejects with an error.
 */
export function enforceContract(executor: Executor): Executor {
  return {
    ...forwardMethods([executor]),
    async run(given, givenOptions) {
      const { request, options } = withIds(given, givenOptions)
      const { signal } = options
      const timeoutMs = runTimeoutMs(options)
      const ids = { executionId: request.id, correlationId: options.correlationId }
      const forcedEnd = Promise.withResolvers<never>()
      const timers: NodeJS.Timeout[] = []
      const endAfter = (ms: number, errorOf: () => Error): void => {
        if (ms <= maxTimerMs) timers.push(setTimeout(() => forcedEnd.reject(errorOf()), ms))
      }
      const onAbort = (): void => endAfter(gracePeriodMs, () => cancelledBy(signal?.reason, ids))
      endAfter(timeoutMs + gracePeriodMs, () => requestTimedOut(timeoutMs, ids))
      if (signal?.aborted === true) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
      try {
        const running = (async () => executor.run(request, options))()
        return requireResult(await Promise.race([running, forcedEnd.promise]), ids)
      } catch (error) {
        throw isError(error)
          ? error
          : contractViolation(`rejected with a value of type ${typeof error} instead of an Error`, ids, error)
      } finally {
        signal?.removeEventListener('abort', onAbort)
        for (const timer of timers) clearTimeout(timer)
      }
    },
  }
}

interface Ids {
  readonly executionId: string
  readonly correlationId: string
}

/**
 * Returns the value if it has the shape of a result, otherwise throws INVALID_RESPONSE. The values of its fields are
 * not checked.
 */
function requireResult(result: unknown, ids: Ids): ExecutionResult {
  const isResult =
    typeof result === 'object' && result !== null && 'success' in result && 'usage' in result && 'source' in result
  if (isResult) return result as ExecutionResult
  const type = result === null ? 'null' : `a value of type ${typeof result}`
  throw contractViolation(`resolved with ${type} instead of an ExecutionResult`, ids)
}

function contractViolation(violation: string, ids: Ids, cause?: unknown): ExecutorClientError {
  return new ExecutorClientError('INVALID_RESPONSE', `run() of the executor in option \`executor\` ${violation}.`, {
    ...ids,
    ambiguous: true,
    suggestion: 'Executor.run must resolve with an ExecutionResult or reject with an Error.',
    cause,
  })
}
