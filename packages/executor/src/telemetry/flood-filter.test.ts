import { expect, test } from 'vitest'

import { FloodFilter } from './flood-filter.ts'

test('ten lines of a source are written in a second, and the next line has the number of the others', () => {
  let now = 5_000
  const filter = new FloodFilter(() => now)
  const flood = Array.from({ length: 25 }, () => filter.next('RATE_LIMITED acme'))
  expect(flood).toEqual([...Array<number>(10).fill(0), ...Array<undefined>(15).fill(undefined)])
  expect(filter.next('RATE_LIMITED rival')).toBe(0)
  now += 1_000
  expect(filter.next('RATE_LIMITED acme')).toBe(15)
  expect(filter.next('RATE_LIMITED acme')).toBe(0)
})
