import pRetry from 'p-retry'

import { concludeError, ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ExecutionScope } from '../executions-api.ts'
import { pause } from '../pause.ts'
import { isRetryable, retryDelayMs, type RetryPolicy } from './retry-policy.ts'

interface RetryScope extends ExecutionScope {
  readonly policy: RetryPolicy
}

/** One try of a request. */
export interface Attempt {
  /** From 1. */
  readonly number: number
  /** By `performance.now()`: when the first of the tries before it that may have arrived was made, if any may have. */
  readonly firstSentAt: number | undefined
}

/**
 * Tries until it succeeds, or the policy, the deadline or the signal says stop: no delay begins that would end after the
 * deadline, and an abort ends attempts and delays at once, with its reason. The last error is thrown, with the number of
 * attempts, and `ambiguous` if the executor may have got any of them.
 */
export async function withRetries<T>(scope: RetryScope, attempt: (attempt: Attempt) => Promise<T>): Promise<T> {
  const { policy, signal, deadlineAt, executionId, correlationId } = scope
  let attempts = 0
  let firstSentAt: number | undefined
  try {
    return await pRetry(
      async (number) => {
        attempts = number
        const sentAt = performance.now()
        try {
          return await attempt({ number, firstSentAt })
        } catch (error) {
          // An attempt that was cut off may have arrived.
          const mayHaveArrived = signal.aborted || (error instanceof ExecutorClientError && error.ambiguous)
          if (mayHaveArrived) firstSentAt ??= sentAt
          throw error
        }
      },
      {
        retries: policy.maxAttempts - 1,
        // The delay is taken in `shouldRetry`, because p-retry's own knows neither Retry-After nor the deadline.
        minTimeout: 0,
        signal,
        shouldRetry: async ({ error, attemptNumber }) => {
          if (!isRetryable(error) || (scope.canGoElsewhere === true && firstSentAt === undefined)) return false
          const delayMs = retryDelayMs(policy, attemptNumber, error.retryAfterMs)
          if (performance.now() + delayMs >= deadlineAt) return false
          scope.onRetry?.({ executionId, correlationId, attempt: attemptNumber, delayMs, error })
          await pause(delayMs, signal)
          return true
        },
      },
    )
  } catch (error) {
    const last: unknown = signal.aborted ? signal.reason : error
    throw last instanceof ExecutorClientError
      ? concludeError(last, { attempts, ambiguous: firstSentAt !== undefined })
      : last
  }
}
