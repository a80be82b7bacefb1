import { expect, test } from 'vitest'

import { formatDuration } from './durations.ts'

test.each([
  [0, '0 ms'],
  [0.25, '0.3 ms'],
  [3, '3 ms'],
  [3.24, '3.2 ms'],
  [999.4, '999 ms'],
  [999.6, '1.00 s'],
  [1_234, '1.23 s'],
  [59_970, '1 min'],
  [41_000, '41.0 s'],
  [60_000, '1 min'],
  [125_000, '2 min 5 s'],
  [7_500_000, '2 h 5 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
