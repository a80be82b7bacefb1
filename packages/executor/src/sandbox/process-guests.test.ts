import { expect, test } from 'vitest'

import type { GuestSpec } from './protocol.ts'
import { ProcessGuests } from './process-guests.ts'

const request = { spec: {} as GuestSpec, ownIsolate: false }

test('entries start with the guest that has waited longest', () => {
  const guests = new ProcessGuests()
  for (const guest of [1, 2, 3]) guests.add(guest, request)
  guests.recordTurnEnd(1, 10)
  guests.recordTurnEnd(3, 10)
  expect([...guests.entries()].map(([guest]) => guest)).toEqual([2, 1, 3])
})

test("bytes is the sum of the guests' sizes after their last turns", () => {
  const guests = new ProcessGuests()
  for (const guest of [1, 2]) guests.add(guest, request)
  guests.recordTurnEnd(1, 100)
  guests.recordTurnEnd(2, 50)
  guests.recordTurnEnd(1, 30)
  expect([guests.size, guests.bytes]).toEqual([2, 80])
  guests.recordFreed(1, 40)
  expect(guests.bytes).toBe(80)
  guests.recordFreed(1, 20)
  expect(guests.bytes).toBe(70)
  guests.recordFreed(3, 0)
  guests.recordTurnEnd(1, 30)
  guests.remove(2)
  guests.remove(2)
  guests.recordTurnEnd(2, 1_000)
  expect([guests.size, guests.bytes]).toEqual([1, 30])
})
