import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createClock } from './clock.ts'

const start = Date.parse('2026-01-01T00:00:00.000Z')

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date', 'performance'] }))
afterEach(() => void vi.useRealTimers())

test('the clock starts at the system time and follows it', () => {
  const now = createClock()
  expect(now()).toBe(start)
  vi.advanceTimersByTime(1_234)
  expect(now()).toBe(start + 1_234)
})

test.each([-3_600_000, 3_600_000])('the clock does not jump when the system time is set by %i ms', (byMs) => {
  const now = createClock()
  vi.setSystemTime(start + byMs)
  expect(now()).toBe(start)
  vi.advanceTimersByTime(5)
  expect(now()).toBe(start + 5)
  expect(createClock()()).toBe(start + byMs + 5)
})

test('the clock has whole milliseconds and never goes backwards', () => {
  vi.useRealTimers()
  const now = createClock()
  let last = now()
  for (let i = 0; i < 10_000; i++) {
    const next = now()
    expect(Number.isInteger(next)).toBe(true)
    expect(next).toBeGreaterThanOrEqual(last)
    last = next
  }
})
