import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ReaderWatchdog } from './reader-watchdog.ts'

let reasons: string[]
let watch: ReaderWatchdog

beforeEach(() => {
  vi.useFakeTimers()
  reasons = []
  watch = new ReaderWatchdog(15_000, (reason) => reasons.push(reason))
})
afterEach(() => void vi.useRealTimers())

test('an execution that nobody ever read is not given up', () => {
  vi.advanceTimersByTime(1_000_000)
  expect(reasons).toEqual([])
})

test('an execution is given up when its last reader has been gone for the grace', () => {
  const [first, second] = [watch.attach(), watch.attach()]
  first()
  vi.advanceTimersByTime(1_000_000)
  second()
  vi.advanceTimersByTime(14_999)
  expect(reasons).toEqual([])
  vi.advanceTimersByTime(1)
  expect(reasons).toEqual(['its client was gone for 15000 ms'])
})

test('a reader that comes back within the grace keeps it, and the next grace is a whole one', () => {
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

test('there are at most sixteen readers at once; one that leaves makes room', () => {
  const readers = Array.from({ length: 16 }, () => watch.attach())
  expect(() => watch.attach()).toThrow('16 readers')
  readers[0]!()
  watch.attach()
  expect(() => watch.attach()).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }))
})

test('a reader that leaves twice has left once', () => {
  const detach = watch.attach()
  watch.attach()
  detach()
  detach()
  vi.advanceTimersByTime(1_000_000)
  expect(reasons).toEqual([])
})

test('an execution that has ended is not watched any more', () => {
  watch.attach()()
  const detach = watch.attach()
  watch.stop()
  detach()
  watch.attach()()
  expect(vi.getTimerCount()).toBe(0)
})

test('a grace that runs when the execution ends is stopped', () => {
  watch.attach()()
  watch.stop()
  expect(vi.getTimerCount()).toBe(0)
})
