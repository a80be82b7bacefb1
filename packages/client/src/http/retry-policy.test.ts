import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { isRetryable, maxAttemptsOf, resolveRetryPolicy, retryDelayMs } from './retry-policy.ts'

const error = (retryable: boolean, httpStatus?: number) =>
  new ExecutorClientError('INTERNAL', 'x', { retryable, httpStatus })

const attempts = (options?: Parameters<typeof resolveRetryPolicy>[0]) =>
  [false, true].map((hasBeenReached) => maxAttemptsOf(resolveRetryPolicy(options), hasBeenReached))

test(
  'there are ten attempts by default, three while the executor has never answered, and one with retry: false',
  { tags: ['RT-1'] },
  () => {
    expect(attempts()).toEqual([3, 10])
    expect(attempts({ backoffBaseMs: 1 })).toEqual([3, 10])
    expect(attempts({ maxAttempts: 7 })).toEqual([7, 7])
    expect(attempts({ maxAttempts: 2 })).toEqual([2, 2])
    expect(attempts(false)).toEqual([1, 1])
    expect(resolveRetryPolicy()).toMatchObject({ backoffBaseMs: 100, backoffMaxMs: 5_000 })
  },
)

test('the default delays outlast a restart of ten seconds, also with the least jitter', { tags: ['RT-1'] }, () => {
  const policy = resolveRetryPolicy()
  const delays = Array.from({ length: maxAttemptsOf(policy, true) - 1 }, (_, n) =>
    retryDelayMs(policy, n + 1, undefined, 0),
  )
  expect(delays.reduce((sum, delayMs) => sum + delayMs)).toBeGreaterThan(10_000)
})

test('delays double with jitter up to the cap', () => {
  const policy = resolveRetryPolicy()
  expect([1, 2, 3, 10].map((n) => retryDelayMs(policy, n, undefined, 0))).toEqual([50, 100, 200, 2_500])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const backoffMs = Math.min(100 * 2 ** (attempt - 1), 5_000)
        const delayMs = retryDelayMs(policy, attempt, undefined, random)
        return delayMs >= backoffMs / 2 && delayMs < backoffMs
      },
    ),
  )
})

test('the policy honours Retry-After up to the cap, and never shortens a delay for it', () => {
  const policy = resolveRetryPolicy()
  expect(retryDelayMs(policy, 1, 2_000, 0)).toBe(2_000)
  expect(retryDelayMs(policy, 1, 60_000, 0)).toBe(5_000)
  expect(retryDelayMs(policy, 6, 1, 0)).toBe(1_600)
})

test('only errors that may succeed unchanged are retried: no 4xx except 408, 425 and 429', () => {
  const retryable = [undefined, 408, 425, 429, 502, 503, 504]
  for (const status of retryable) expect(isRetryable(error(true, status))).toBe(true)
  for (const status of [400, 401, 403, 404, 409, 410, 413, 422]) expect(isRetryable(error(true, status))).toBe(false)
  expect(isRetryable(error(false, 500))).toBe(false)
  expect(isRetryable(new Error('a bug'))).toBe(false)
})
