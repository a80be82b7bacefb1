/** Retry policy as pure functions: whether and after which delay a failed request is sent again. */
import { isTemporaryStatus } from '@codemode/shared/internal'

import { ExecutorClientError } from '../errors/executor-client-error.ts'

/** Options for the number of attempts and the backoff between them, in milliseconds. */
export interface RetryOptions {
  readonly maxAttempts?: number | undefined
  readonly backoffBaseMs?: number | undefined
  readonly backoffMaxMs?: number | undefined
}

export interface RetryPolicy {
  readonly maxAttempts: number
  /** Maximum number of attempts while the executor has never answered this client: its URL may be wrong. */
  readonly maxAttemptsUnreached: number
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
}

/**
 * Returns the options with defaults: ten attempts, which outlast a restart of ten seconds, or three while the executor
 * has never answered; a backoff of 100 ms, doubled up to 5 s. `false` means a single attempt.
 */
export function resolveRetryPolicy(options: false | RetryOptions = {}): RetryPolicy {
  const { maxAttempts, backoffBaseMs = 100, backoffMaxMs = 5_000 } = options === false ? { maxAttempts: 1 } : options
  return {
    maxAttempts: maxAttempts ?? 10,
    maxAttemptsUnreached: maxAttempts ?? 3,
    backoffBaseMs,
    backoffMaxMs,
  }
}

/** Returns the maximum number of attempts, which depends on whether the executor has ever answered. */
export function maxAttemptsOf(policy: RetryPolicy, hasBeenReached: boolean): number {
  return hasBeenReached ? policy.maxAttempts : policy.maxAttemptsUnreached
}

/** Returns whether the same request may succeed later: after broken connections, 408, 425, 429 and overload. */
export function isRetryable(error: unknown): error is ExecutorClientError {
  return error instanceof ExecutorClientError && error.retryable && !isClientFault(error.httpStatus)
}

function isClientFault(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && !isTemporaryStatus(status)
}

/**
 * Returns the delay in milliseconds after the n-th attempt, n from 1: exponential backoff with jitter between half and
 * all of it, or the delay that the executor asked for if that is longer, capped at `backoffMaxMs`. `random` is at least
 * 0 and less than 1.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  attempt: number,
  retryAfterMs: number | undefined,
  random: number = Math.random(),
): number {
  const backoffMs = Math.min(policy.backoffBaseMs * 2 ** (attempt - 1), policy.backoffMaxMs)
  const jitteredMs = backoffMs * (0.5 + random / 2)
  return Math.min(Math.max(jitteredMs, retryAfterMs ?? 0), policy.backoffMaxMs)
}
