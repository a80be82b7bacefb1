import { expect, test } from 'vitest'

import { newSeed } from './new-seed.ts'

test('every seed is 256 bits in hexadecimal, and no two are the same', () => {
  const seeds = Array.from({ length: 1_000 }, () => newSeed())
  expect(seeds.filter((seed) => !/^[0-9a-f]{64}$/.test(seed))).toEqual([])
  const halves = seeds.flatMap((seed) => [seed.slice(0, 32), seed.slice(32)])
  expect(new Set(halves).size).toBe(2_000)
})
