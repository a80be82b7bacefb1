import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { watchStalls } from './stalled-writes.ts'

let stalls = 0
beforeEach(() => {
  stalls = 0
  vi.useFakeTimers()
})
afterEach(() => void vi.useRealTimers())
const watch = (stallMs: number) => watchStalls(stallMs, () => (stalls += 1))

test('the watch reports a reader that reads nothing, after its time', () => {
  watch(1_000).wrote(16)
  vi.advanceTimersByTime(1_000)
  expect(stalls).toBe(0)
  vi.advanceTimersByTime(1)
  expect(stalls).toBe(1)
})

test('the watch reports a reader that reads a byte now and then', () => {
  const stall = watch(1_000)
  for (let n = 0; n < 10; n++) {
    stall.wrote(80)
    vi.advanceTimersByTime(100)
    expect(stalls).toBe(0)
    stall.drained()
  }
  stall.wrote(80)
  vi.advanceTimersByTime(100)
  expect(stalls).toBe(1)
})

test('the watch does not report a reader that is slow but fast enough', () => {
  const stall = watch(1_000)
  for (let n = 0; n < 100; n++) {
    stall.wrote(16_000)
    vi.advanceTimersByTime(900)
    stall.drained()
  }
  expect(stalls).toBe(0)
})

test('time without pending writes does not count, and a stopped watch reports nothing', () => {
  const stall = watch(1_000)
  stall.wrote(8)
  stall.drained()
  vi.advanceTimersByTime(1_000_000)
  stall.wrote(8)
  stall.stop()
  expect(vi.getTimerCount()).toBe(0)
  expect(stalls).toBe(0)
})
