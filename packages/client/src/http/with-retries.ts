import pRetry from 'p-retry'

import { concludeError, ExecutorClientError } from '../errors/executor-client-error.ts'
import { delay } from '../async/delay.ts'
import type { Retry } from '../executor.ts'
import type { RequestScope } from './request-scope.ts'
import { isRetryable, maxAttemptsOf, retryDelayMs, type RetryPolicy } from './retry-policy.ts'

interface RetryScope extends RequestScope {
  readonly policy: RetryPolicy
  /** Whether another executor takes the request if this one refuses it. */
  readonly canGoElsewhere?: boolean | undefined
  /** Called with each failed attempt before the next one. */
  readonly onRetry?: ((retry: Omit<Retry, 'executionId' | 'correlationId'>) => void) | undefined
  /** Returns whether the executor has ever answered this client. */
  readonly hasBeenReached: () => boolean
}

/**
 * Makes attempts, numbered from 1, until one succeeds or the policy, the deadline or the signal ends them. No delay
 * starts that would end after the deadline; an abort ends attempts and delays at once, with the signal's reason.
 * Rejects with the last error, with the number of attempts, and with `ambiguous` set if any attempt may have arrived.
 */
export async function withRetries<T>(
  scope: RetryScope,
  makeAttempt: (attemptNumber: number) => Promise<T>,
): Promise<T> {
  const { policy, hasBeenReached, signal, deadlineAt } = scope
  let attempts = 0
  let mayHaveArrived = false
  try {
    return await pRetry(
      async (number) => {
        attempts = number
        try {
          return await makeAttempt(number)
        } catch (error) {
          // An aborted attempt may have arrived.
          mayHaveArrived ||= signal.aborted || (error instanceof ExecutorClientError && error.ambiguous)
          throw error
        }
      },
      {
        retries: policy.maxAttempts - 1,
        // `shouldRetry` waits for the delay, since the delays of p-retry ignore Retry-After and the deadline.
        minTimeout: 0,
        signal,
        shouldRetry: async ({ error, attemptNumber }) => {
          if (!isRetryable(error) || (scope.canGoElsewhere === true && !mayHaveArrived)) return false
          if (attemptNumber >= maxAttemptsOf(policy, hasBeenReached())) return false
          const delayMs = retryDelayMs(policy, attemptNumber, error.retryAfterMs)
          if (performance.now() + delayMs >= deadlineAt) return false
          scope.onRetry?.({ attempt: attemptNumber, delayMs, error })
          await delay(delayMs, signal)
          return true
        },
      },
    )
  } catch (error) {
    const last: unknown = signal.aborted ? signal.reason : error
    throw last instanceof ExecutorClientError ? concludeError(last, { attempts, ambiguous: mayHaveArrived }) : last
  }
}
