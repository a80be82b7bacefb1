import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ReaderWatch } from './reader-watch.ts'

let reasons: string[]
let watch: ReaderWatch

beforeEach(() => {
  vi.useFakeTimers()
  reasons = []
  watch = new ReaderWatch(15_000, (reason) => reasons.push(reason))
})
afterEach(() => void vi.useRealTimers())

test('an execution without any reader so far is not cancelled', () => {
  vi.advanceTimersByTime(1_000_000)
  expect(reasons).toEqual([])
})

test('an execution is cancelled when its last reader has been gone for the grace period', () => {
  const [first, second] = [watch.attach(), watch.attach()]
  first()
  vi.advanceTimersByTime(1_000_000)
  second()
  vi.advanceTimersByTime(14_999)
  expect(reasons).toEqual([])
  vi.advanceTimersByTime(1)
  expect(reasons).toEqual(['its client was gone for 15000 ms'])
})

test('a reader that returns within the grace period keeps the execution, and the next grace period starts anew', () => {
  watch.attach()()
  vi.advanceTimersByTime(14_999)
  const detach = watch.attach()
  vi.advanceTimersByTime(1_000_000)
  detach()
  vi.advanceTimersByTime(14_999)
  expect(reasons).toEqual([])
  vi.advanceTimersByTime(1)
  expect(reasons).toHaveLength(1)
})

test('at most sixteen readers are attached at once, and one that leaves frees its place', () => {
  const readers = Array.from({ length: 16 }, () => watch.attach())
  expect(() => watch.attach()).toThrow('16 readers')
  readers[0]!()
  watch.attach()
  expect(() => watch.attach()).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }))
})

test('a reader that leaves twice counts once', () => {
  const detach = watch.attach()
  watch.attach()
  detach()
  detach()
  vi.advanceTimersByTime(1_000_000)
  expect(reasons).toEqual([])
})

test('an execution that has ended is not watched', () => {
  watch.attach()()
  const detach = watch.attach()
  watch.stop()
  detach()
  watch.attach()()
  expect(vi.getTimerCount()).toBe(0)
})

test('the end of the execution stops the grace period', () => {
  watch.attach()()
  watch.stop()
  expect(vi.getTimerCount()).toBe(0)
})
