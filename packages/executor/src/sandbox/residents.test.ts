import { expect, test } from 'vitest'

import type { GuestSpec } from './protocol.ts'
import { Residents } from './residents.ts'

const spec = {} as GuestSpec

test('entries start with the guest that has waited longest', () => {
  const residents = new Residents()
  for (const guest of [1, 2, 3]) residents.add(guest, spec)
  residents.rested(1, 10)
  residents.rested(3, 10)
  expect([...residents.entries()].map(([guest]) => guest)).toEqual([2, 1, 3])
})

test("bytes is the sum of the guests' sizes after their last turns", () => {
  const residents = new Residents()
  for (const guest of [1, 2]) residents.add(guest, spec)
  residents.rested(1, 100)
  residents.rested(2, 50)
  residents.rested(1, 30)
  expect([residents.size, residents.bytes]).toEqual([2, 80])
  residents.remove(2)
  residents.remove(2)
  residents.rested(2, 1_000)
  expect([residents.size, residents.bytes]).toEqual([1, 30])
})
