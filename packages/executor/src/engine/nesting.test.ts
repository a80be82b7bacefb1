import { expect, test } from 'vitest'

import { isNestedDeeperThan, nestingOf } from './nesting.ts'

const nested = (levels: number): string => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`

test.each([2, 4, 1_000, 200_000])('nestingOf counts %d levels, in a text and in its value', (levels) => {
  const text = nested(levels)
  const value: unknown = JSON.parse(text)
  expect(nestingOf(text)).toBe(levels)
  expect([levels - 1, levels, levels + 1].map((limit) => isNestedDeeperThan(value, limit))).toEqual([
    true,
    false,
    false,
  ])
})

test('a primitive value has no levels, and the deepest of many values counts', () => {
  expect([1, 'a', null].map((value) => isNestedDeeperThan(value, 0))).toEqual([false, false, false])
  const wide = [...Array.from({ length: 200_000 }, () => []), [[1]]]
  expect([2, 3].map((limit) => isNestedDeeperThan(wide, limit))).toEqual([true, false])
})
