import { expect, test } from 'vitest'

import { ClockOffset } from './clock-offset.ts'

/**
 * Returns the bounds for a call that was created at 0 and sent at 1,000 by the executor's clock, and arrived `heldMs`
 * later.
 */
function offsetOf({ executorAheadMs = 0, heldMs = 0 }): ClockOffset {
  const offset = new ClockOffset()
  // The request was in transit for 5 ms.
  offset.stampedAfter(0, -executorAheadMs - 5)
  offset.stampedBefore(1_000, 1_000 - executorAheadMs + heldMs)
  return offset
}

test('with synchronized clocks a deadline is not changed, however late it arrives', { tags: ['RT-3'] }, () => {
  for (const heldMs of [0, 1, 3_000, 3_600_000]) expect(offsetOf({ heldMs }).estimate(2_000)).toBe(2_000)
})

test.each([60_000, 3_600_000, -60_000, -3_600_000])(
  'the estimate stays within its bounds for an executor %i ms ahead',
  { tags: ['RT-3'] },
  (executorAheadMs) => {
    for (const heldMs of [0, 3_000]) {
      const offset = offsetOf({ executorAheadMs, heldMs })
      const due = 2_000 - executorAheadMs
      expect(offset.earliest(2_000)).toBe(due - 5)
      expect(offset.latest(2_000)).toBe(due + heldMs)
      const estimate = offset.estimate(2_000)
      expect(estimate).toBeGreaterThanOrEqual(due - 5)
      expect(estimate).toBeLessThanOrEqual(due + heldMs)
    }
  },
)

test(
  'each message narrows the bounds, and the newest time of a batch bounds the age of the older ones',
  { tags: ['RT-3'] },
  () => {
    const offset = new ClockOffset()
    offset.stampedAfter(0, 0)
    for (const at of [100, 5_000, 200]) offset.stampedBefore(at, 5_010)
    expect(offset.latest(100)).toBe(110)
    offset.stampedAfter(4_000, 4_002)
    expect(offset.earliest(100)).toBe(102)
  },
)

test('contradictory bounds, from a clock that was set, make no call late', { tags: ['RT-3'] }, () => {
  const offset = new ClockOffset()
  offset.stampedAfter(0, 3_600_000)
  offset.stampedBefore(1_000, 1_010)
  expect([offset.earliest(2_000), offset.estimate(2_000), offset.latest(2_000)]).toEqual([2_010, 2_010, 2_010])
})
