import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { maxTimerMs } from '../limits.ts'
import { parseRetryAfter } from './retry-after.ts'

const answeredAt = 'Thu, 01 Jan 2026 00:00:00 GMT'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 0, 0, 5) }))
afterEach(() => void vi.useRealTimers())

test.each([
  ['3', 3_000],
  [' 0 ', 0],
  ['Thu, 01 Jan 2026 00:00:07 GMT', 7_000],
  ['Thursday, 01-Jan-26 00:00:07 GMT', 7_000],
  ['Thu Jan  1 00:00:07 2026', 7_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
])('%j is %i ms by the date of the response', (value, delayMs) => {
  expect(parseRetryAfter(value, answeredAt)).toBe(delayMs)
})

test.each([undefined, '', 'yesterday'])(
  'a date is compared with the local time if the response has the date %j',
  (date) => {
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:07 GMT', date)).toBe(2_000)
  },
)

test.each([undefined, '', 'soon', '-5', '1.5', '3s', '2026-01-01T00:00:07Z', 'Monday, or so'])(
  '%j is no value',
  (value) => {
    expect(parseRetryAfter(value, answeredAt)).toBeUndefined()
  },
)

test('a delay is no longer than a timer can be', () => {
  for (const value of ['99999999', '9'.repeat(400), 'Fri, 01 Jan 2100 00:00:00 GMT']) {
    expect(parseRetryAfter(value, answeredAt)).toBe(maxTimerMs)
  }
})
