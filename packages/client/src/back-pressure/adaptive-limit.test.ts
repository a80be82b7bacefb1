import { expect, test } from 'vitest'

import { AdaptiveLimit } from './adaptive-limit.ts'

const fast = { isRefused: false, overheadMs: 2 }
const refused = { isRefused: true, overheadMs: undefined }

/** Runs a round: as many executions as the limit allows begin together and end alike. */
function round(limit: AdaptiveLimit, outcome: { isRefused: boolean; overheadMs: number | undefined }): number {
  const endedBefore = limit.ended
  for (let left = limit.value; left > 0; left -= 1) limit.record({ ...outcome, endedBefore })
  return limit.value
}

test('each round of fast executions raises the limit by one, up to the maximum', () => {
  const limit = new AdaptiveLimit({ min: 1, max: 5 })
  const seen = Array.from({ length: 6 }, () => round(limit, fast))
  expect(seen).toEqual([2, 3, 4, 5, 5, 5])
})

test('a round with refusals halves the limit once, however many refusals it has, down to the minimum', () => {
  const limit = new AdaptiveLimit({ min: 3, max: 40 })
  while (limit.value < 40) round(limit, fast)
  expect(Array.from({ length: 5 }, () => round(limit, refused))).toEqual([20, 10, 5, 3, 3])
})

test('the limit grows again after it has shrunk', () => {
  const limit = new AdaptiveLimit({ min: 1, max: 10 })
  while (limit.value < 8) round(limit, fast)
  expect(round(limit, refused)).toBe(4)
  expect(round(limit, fast)).toBe(5)
})

test('overhead counts as slow when it is above twice the usual and above a minimum', () => {
  const limit = new AdaptiveLimit({ min: 1, max: 10 })
  while (limit.value < 8) round(limit, { isRefused: false, overheadMs: 40 })
  expect(round(limit, { isRefused: false, overheadMs: 70 })).toBe(9)
  expect(round(limit, { isRefused: false, overheadMs: 400 })).toBe(4)
})

test('overhead that stays high at the minimum becomes the usual one, and the limit grows again', () => {
  const limit = new AdaptiveLimit({ min: 1, max: 10 })
  while (limit.value < 10) round(limit, fast)
  const slower = { isRefused: false, overheadMs: 80 }
  for (let n = 0; n < 10; n += 1) round(limit, slower)
  expect(limit.value).toBe(1)
  for (let n = 0; n < 200; n += 1) round(limit, slower)
  expect(limit.value).toBe(10)
})

test('a little overhead never counts as slow, however small the usual overhead is', () => {
  const limit = new AdaptiveLimit({ min: 1, max: 10 })
  round(limit, { isRefused: false, overheadMs: 0.1 })
  expect(round(limit, { isRefused: false, overheadMs: 49 })).toBe(3)
})

test('an answer without overhead of the executor, such as one of the cache, does not change the limit', () => {
  const limit = new AdaptiveLimit({ min: 2, max: 10 })
  for (let n = 0; n < 20; n += 1) limit.record({ endedBefore: n, isRefused: false, overheadMs: undefined })
  expect(limit.value).toBe(2)
})

test('permanently higher overhead becomes the usual one, and the limit grows again', () => {
  const limit = new AdaptiveLimit({ min: 1, max: 10 })
  while (limit.value < 10) round(limit, fast)
  const slower = { isRefused: false, overheadMs: 120 }
  for (let rounds = 0; rounds < 40; rounds += 1) round(limit, slower)
  expect(limit.value).toBe(10)
})
