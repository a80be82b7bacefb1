import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { CachedCounts } from './cached-counts.ts'

const maxAgeMs = 10_000
const maxStaleMs = 60_000
const maxWaitMs = 250

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** Returns counts whose countings are settled by the test, in their order. */
function steered() {
  const countings: PromiseWithResolvers<ReadonlyMap<string, number>>[] = []
  const count = () => {
    const counting = Promise.withResolvers<ReadonlyMap<string, number>>()
    countings.push(counting)
    return counting.promise
  }
  return { countings, cached: new CachedCounts({ count, maxAgeMs, maxStaleMs, maxWaitMs, now: () => Date.now() }) }
}

test('readers share one counting, and its counts for a while', async () => {
  const { countings, cached } = steered()
  const readers = [cached.read(), cached.read()]
  countings[0]!.resolve(new Map([['timer', 3]]))
  for (const counts of await Promise.all(readers)) expect(counts).toEqual(new Map([['timer', 3]]))
  vi.advanceTimersByTime(maxAgeMs - 1)
  expect(await cached.read()).toEqual(new Map([['timer', 3]]))
  expect(countings).toHaveLength(1)
  vi.advanceTimersByTime(1)
  const next = cached.read()
  countings[1]!.resolve(new Map())
  expect(await next).toEqual(new Map())
})

test('a reader does not wait for a counting that takes long, and gets the last counts while they are not too old', async () => {
  const { countings, cached } = steered()
  const first = cached.read()
  countings[0]!.resolve(new Map([['timer', 1]]))
  await first
  vi.advanceTimersByTime(maxAgeMs)
  const late = cached.read()
  await vi.advanceTimersByTimeAsync(maxWaitMs)
  expect(await late).toEqual(new Map([['timer', 1]]))
  await vi.advanceTimersByTimeAsync(maxStaleMs)
  const later = cached.read()
  await vi.advanceTimersByTimeAsync(maxWaitMs)
  expect(await later).toBe(undefined)
  expect(countings).toHaveLength(2)
  countings[1]!.resolve(new Map([['timer', 2]]))
  await vi.advanceTimersByTimeAsync(0)
  expect(await cached.read()).toEqual(new Map([['timer', 2]]))
})

test('after a failure there are no counts, and the next counting is a while later', async () => {
  const { countings, cached } = steered()
  const failed = cached.read()
  countings[0]!.reject(new Error('the store is down'))
  expect(await failed).toBe(undefined)
  expect(await cached.read()).toBe(undefined)
  expect(countings).toHaveLength(1)
  vi.advanceTimersByTime(maxAgeMs)
  const again = cached.read()
  countings[1]!.resolve(new Map())
  expect(await again).toEqual(new Map())
})

test('counts that take long are used for longer', async () => {
  const { countings, cached } = steered()
  const first = cached.read()
  vi.advanceTimersByTime(1_000)
  countings[0]!.resolve(new Map([['timer', 1]]))
  await first
  await vi.advanceTimersByTimeAsync(0)
  vi.advanceTimersByTime(20_000 - 1)
  expect(await cached.read()).toEqual(new Map([['timer', 1]]))
  expect(countings).toHaveLength(1)
  vi.advanceTimersByTime(1)
  void cached.read()
  expect(countings).toHaveLength(2)
})
