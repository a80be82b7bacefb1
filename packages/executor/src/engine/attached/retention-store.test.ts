import { expect, test } from 'vitest'

import { RetentionStore } from './retention-store.ts'

function retained(bounds: { ms?: number; count?: number; bytes?: number }) {
  const clock = { now: 0 }
  const { ms = 1_000, count = 1_000, bytes = 1_000 } = bounds
  const kept = new RetentionStore<number>({ ms, count, bytes, bytesOf: (value) => value, now: () => clock.now })
  const idsOf = (tenant: string) => ['a', 'b', 'c', 'd', 'e', 'f'].filter((id) => kept.get(tenant, id) !== undefined)
  return { kept, clock, idsOf }
}

test('a value is found only by its tenant and id', () => {
  const { kept } = retained({})
  kept.add('acme', 'a', 7)
  expect(kept.get('acme', 'a')).toBe(7)
  expect(kept.get('rival', 'a')).toBeUndefined()
  expect(kept.get('acme', 'b')).toBeUndefined()
})

test('a value is kept for its time, whether it is read or not', () => {
  const { kept, clock, idsOf } = retained({ ms: 10 })
  kept.add('acme', 'a', 1)
  clock.now = 5
  kept.add('acme', 'b', 1)
  clock.now = 9
  expect(idsOf('acme')).toEqual(['a', 'b'])
  clock.now = 10
  expect(idsOf('acme')).toEqual(['b'])
  clock.now = 15
  expect(idsOf('acme')).toEqual([])
})

test('one tenant alone may use all of the room, and its oldest values are evicted for new ones', () => {
  const { kept, idsOf } = retained({ bytes: 30 })
  for (const id of ['a', 'b', 'c', 'd']) kept.add('acme', id, 10)
  expect(idsOf('acme')).toEqual(['b', 'c', 'd'])
})

test('a tenant within its share keeps all its values, however many the other adds', () => {
  const { kept, idsOf } = retained({ bytes: 60 })
  kept.add('rival', 'a', 10)
  for (let n = 0; n < 100; n++) kept.add('acme', `x${n}`, 10)
  kept.add('rival', 'b', 20)
  for (let n = 0; n < 100; n++) kept.add('acme', `y${n}`, 10)
  expect(idsOf('rival')).toEqual(['a', 'b'])
  kept.add('rival', 'c', 10)
  expect(idsOf('rival')).toEqual(['b', 'c'])
})

test('tenants share the number of values in the same way', () => {
  const { kept, idsOf } = retained({ count: 4 })
  kept.add('rival', 'a', 1)
  kept.add('rival', 'b', 1)
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) kept.add('acme', id, 1)
  expect(idsOf('rival')).toEqual(['a', 'b'])
  expect(idsOf('acme')).toEqual(['e', 'f'])
})

test('a value above the bound by itself is not kept, and evicts nothing', () => {
  const { kept, idsOf } = retained({ bytes: 10 })
  kept.add('acme', 'a', 5)
  kept.add('acme', 'b', 11)
  expect(idsOf('acme')).toEqual(['a'])
})

test('values expire at their time after a thousand newer ones of another tenant were forgotten', () => {
  const { kept, clock, idsOf } = retained({ ms: 2_000, count: 4 })
  kept.add('rival', 'a', 0)
  for (clock.now = 1; clock.now <= 1_000; clock.now++) kept.add('acme', `x${clock.now}`, 0)
  kept.add('rival', 'b', 0)
  clock.now = 1_999
  expect(idsOf('rival')).toEqual(['a', 'b'])
  clock.now = 2_000
  expect(idsOf('rival')).toEqual(['b'])
  clock.now = 3_001
  expect(idsOf('rival')).toEqual([])
})

test('forgottenAt is the newest time of addition among the values that may be evicted', () => {
  const { kept, clock } = retained({ ms: 10, count: 2 })
  expect(kept.forgottenAt).toBe(-Infinity)
  kept.add('acme', 'a', 1)
  clock.now = 3
  kept.add('acme', 'b', 1)
  clock.now = 4
  expect(kept.forgottenAt).toBe(-Infinity)
  kept.add('acme', 'c', 1)
  expect(kept.forgottenAt).toBe(0)
  clock.now = 13
  expect(kept.forgottenAt).toBe(3)
})
