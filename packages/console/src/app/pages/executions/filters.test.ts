import { expect, test } from 'vitest'

import { apiFilters, chartInterval, filtersOf, queryOfFilters, rangeLongerThan } from './filters.ts'

test.each([
  {},
  { status: 'in-flight', range: '7d', label: 'report', session: 'ses_01a22e39-75c4-737f-a70f-6a165e7eded7' },
  { status: 'failed', error: 'CPU_TIMEOUT', label: 'report' },
  { status: 'failed', since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T01:00:00.000Z' },
])('the filters of %j give the same query', (query) => {
  expect(queryOfFilters(filtersOf(query as Record<string, string>))).toEqual(query)
})

test('filters that are not valid are left out', () => {
  const filters = filtersOf({
    status: 'constructor',
    range: '9y',
    since: 'yesterday',
    until: '2026-01-01T00:00:00Z',
    session: 'ses_1',
    error: 'no code',
  })
  expect(queryOfFilters(filters)).toEqual({})
})

test('a filter for an error code is one for failed executions', () => {
  expect(apiFilters(filtersOf({ error: 'CPU_TIMEOUT', status: 'all' }), 0)).toMatchObject({
    status: 'failed',
    errorCode: 'CPU_TIMEOUT',
  })
})

test('the range for executions that are not stored is the shortest that has them all', () => {
  expect([300_000, 3_600_000, 90_000_000, Number.MAX_SAFE_INTEGER].map(rangeLongerThan)).toEqual([
    '1h',
    '24h',
    '7d',
    '31d',
  ])
})

test('a range is a time before now, and a chosen interval takes its place', () => {
  const now = Date.parse('2026-01-02T00:00:00.000Z')
  expect(apiFilters(filtersOf({ range: '24h' }), now)).toMatchObject({ since: '2026-01-01T00:00:00.000Z' })
  const interval = { since: '2025-01-01T00:00:00.000Z', until: '2025-01-01T01:00:00.000Z' }
  expect(apiFilters(filtersOf({ range: '24h', ...interval }), now)).toMatchObject(interval)
})

test('the chart has whole buckets, at most 31 days, and the same borders a second later', () => {
  const now = Date.parse('2026-01-02T03:04:05.678Z')
  const chosen = filtersOf({ range: '31d' })
  const { since, until } = chartInterval(chosen, now)
  expect(Date.parse(until) - Date.parse(since)).toBe(31 * 86_400_000)
  expect(Date.parse(until)).toBeGreaterThanOrEqual(now)
  expect(chartInterval(chosen, now + 1_000)).toEqual({ since, until })
})

test('what has not ended is listed whenever it began', () => {
  expect(apiFilters(filtersOf({ status: 'paused' }), 0).since).toBeUndefined()
})

test('in flight are all statuses that are not final', () => {
  expect(apiFilters(filtersOf({ status: 'in-flight' }), 0).status).toBe('queued,running,waiting,paused,needs_attention')
})
