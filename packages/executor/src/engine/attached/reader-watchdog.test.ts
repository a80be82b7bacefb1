import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ReaderWatchdog } from './reader-watchdog.ts'

let reasons: string[]
let watchdog: ReaderWatchdog

beforeEach(() => {
  vi.useFakeTimers()
  reasons = []
  watchdog = new ReaderWatchdog(15_000, (reason) => reasons.push(reason))
})
afterEach(() => void vi.useRealTimers())

test('an execution without any reader so far is not cancelled', () => {
  vi.advanceTimersByTime(1_000_000)
  expect(reasons).toEqual([])
})

test('an execution is cancelled when its last reader has been gone for the grace period', () => {
  const [first, second] = [watchdog.attach(), watchdog.attach()]
  first()
  vi.advanceTimersByTime(1_000_000)
  second()
  vi.advanceTimersByTime(14_999)
  expect(reasons).toEqual([])
  vi.advanceTimersByTime(1)
  expect(reasons).toEqual(['no reader was connected for 15000 ms (disconnectGraceMs)'])
})

test('a reader that returns within the grace period keeps the execution, and the next grace period starts anew', () => {
  watchdog.attach()()
  vi.advanceTimersByTime(14_999)
  const detach = watchdog.attach()
  vi.advanceTimersByTime(1_000_000)
  detach()
  vi.advanceTimersByTime(14_999)
  expect(reasons).toEqual([])
  vi.advanceTimersByTime(1)
  expect(reasons).toHaveLength(1)
})

test('at most sixteen readers are attached at once, and one that leaves frees its place', () => {
  const readers = Array.from({ length: 16 }, () => watchdog.attach())
  expect(() => watchdog.attach()).toThrow('16 readers')
  readers[0]!()
  watchdog.attach()
  expect(() => watchdog.attach()).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }))
})

test('a reader that leaves twice counts once', () => {
  const detach = watchdog.attach()
  watchdog.attach()
  detach()
  detach()
  vi.advanceTimersByTime(1_000_000)
  expect(reasons).toEqual([])
})

test('an execution that has ended is not watched', () => {
  watchdog.attach()()
  const detach = watchdog.attach()
  watchdog.stop()
  detach()
  watchdog.attach()()
  expect(vi.getTimerCount()).toBe(0)
})

test('the end of the execution stops the grace period', () => {
  watchdog.attach()()
  watchdog.stop()
  expect(vi.getTimerCount()).toBe(0)
})
