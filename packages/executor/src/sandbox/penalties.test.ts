import { expect, test } from 'vitest'

import { Penalties } from './penalties.ts'

function penaltiesAt() {
  const clock = { now: 0 }
  return { clock, penalties: new Penalties(() => clock.now) }
}

test('penalties forgive a few faults, and each further one doubles the wait, up to half a minute', () => {
  const { penalties } = penaltiesAt()
  const waits = Array.from({ length: 14 }, () => penalties.add('acme'))
  expect(waits.slice(0, 7)).toEqual([0, 0, 0, 0, 500, 1_000, 2_000])
  expect(waits.at(-1)).toBe(30_000)
})

test('no other tenant waits', () => {
  const { penalties } = penaltiesAt()
  for (let count = 0; count < 10; count++) penalties.add('acme')
  expect(penalties.waitMs('rival')).toBe(0)
})

test('the wait expires, and faults that are far apart never add up', () => {
  const { clock, penalties } = penaltiesAt()
  for (let count = 0; count < 5; count++) penalties.add('acme')
  clock.now = 200
  expect(penalties.waitMs('acme')).toBe(300)
  clock.now = 501
  expect(penalties.waitMs('acme')).toBe(0)
  for (let count = 0; count < 20; count++) {
    clock.now += 6_000
    expect(penalties.add('acme')).toBe(0)
  }
})

test('sweep drops expired penalties', () => {
  const { clock, penalties } = penaltiesAt()
  for (let count = 0; count < 6; count++) penalties.add('acme')
  penalties.sweep()
  expect(penalties.waitMs('acme')).toBeGreaterThan(0)
  clock.now = 60_000
  penalties.sweep()
  expect([penalties.waitMs('acme'), penalties.add('acme')]).toEqual([0, 0])
})
