import { describe, expect, test } from 'vitest'

import type { Row } from './row.ts'
import { linearScale, shortenedScale, ticks } from './time-scale.ts'

const row = (kind: Row['kind'], segments: Row['segments']): Row => ({
  id: 'r',
  kind,
  name: '',
  tone: 'turn',
  segments,
  facts: [],
  parts: [],
})

describe('a scale with shortened waits', () => {
  const rows = [
    row('turn', [{ start: 0, end: 100, tone: 'turn' }]),
    row('call', [
      { start: 100, end: 100_000, tone: 'approval' },
      { start: 100_000, end: 100_100, tone: 'ok' },
    ]),
  ]
  const scale = shortenedScale(rows, { start: 0, end: 100_100 })

  test('draws a wait of minutes as a twentieth of what ran', () => {
    expect(scale.breaks).toHaveLength(1)
    expect(scale.breaks[0]).toBeCloseTo(105, 6)
    expect(scale.position(100)).toBe(100)
    expect(scale.position(100_000)).toBeCloseTo(110, 6)
    expect(scale.length).toBeCloseTo(210, 6)
  })

  test('keeps the order of times, and returns the time of each position', () => {
    const times = [0, 50, 100, 5_000, 99_999, 100_000, 100_050, 100_100]
    const positions = times.map((time) => scale.position(time))
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    for (const time of times) expect(scale.time(scale.position(time))).toBeCloseTo(time, 6)
  })

  test.each([
    ['nothing waits', 100, 100],
    ['a wait is shorter than a second', 100, 1_099],
    ['a wait is short beside what runs', 60_000, 65_999],
  ])('is linear if %s', (_, activeMs, end) => {
    const active = row('turn', [{ start: 0, end: activeMs, tone: 'turn' }])
    expect(shortenedScale([active], { start: 0, end }).breaks).toEqual([])
  })

  test('shortens each of many waits that are long beside what runs', () => {
    const turns = Array.from({ length: 50 }, (_, n) =>
      row('turn', [{ start: n * 2_000, end: n * 2_000 + 10, tone: 'turn' }]),
    )
    expect(shortenedScale(turns, { start: 0, end: 100_000 }).breaks).toHaveLength(50)
  })

  test('covers an execution that only waits', () => {
    const waiting = shortenedScale([row('wait', [{ start: 0, tone: 'wait' }])], { start: 0, end: 60_000 })
    expect(waiting.position(60_000)).toBeLessThanOrEqual(waiting.length)
    expect(waiting.time(waiting.length)).toBeCloseTo(60_000, 3)
  })
})

test('a scale of an execution without a duration has a length', () => {
  expect(linearScale({ start: 7, end: 7 })).toMatchObject({ length: 1 })
})

test.each([
  [0, 100, [0, 20, 40, 60, 80, 100]],
  [3, 4, [3, 3.2, 3.4, 3.6, 3.8, 4]],
  [0, 7_300, [0, 2_000, 4_000, 6_000]],
])('labels from %d to %d are at round positions', (from, to, expected) => {
  const found = ticks({ from, to }, 5)
  expect(found).toHaveLength(expected.length)
  for (const [index, position] of found.entries()) expect(position).toBeCloseTo(expected[index]!, 9)
})
