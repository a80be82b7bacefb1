import { expect, test } from 'vitest'

import { isolateReportIntervalMs, IsolateReports } from './isolate-reports.ts'

const counts = { unused: 2, used: 3 }

test('the last report counts, and before the first one there are no isolates', () => {
  const reports = new IsolateReports(() => 0)
  expect(reports.last).toEqual({ unused: 0, used: 0 })
  reports.receive({ unused: 1, used: 0 })
  reports.receive(counts)
  expect(reports.last).toEqual(counts)
})

test('a process may report in each interval, and some reports may be read early, but no more', () => {
  let now = 0
  const reports = new IsolateReports(() => now)
  for (let early = 0; early < 10; early++) reports.receive(counts)
  expect(() => reports.receive(counts)).toThrow('has reported its isolates 11 times')
  for (now = 2 * isolateReportIntervalMs; now < 1_000 * isolateReportIntervalMs; now += isolateReportIntervalMs) {
    reports.receive(counts)
  }
})
