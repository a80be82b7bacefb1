import { expect, test } from 'vitest'

import { TenantThrottle } from './tenant-throttle.ts'

function throttleAt() {
  const clock = { now: 0 }
  return { clock, throttle: new TenantThrottle(() => clock.now) }
}

test('the throttle allows a few faults, and each further one doubles the wait, up to half a minute', () => {
  const { throttle } = throttleAt()
  const waits = Array.from({ length: 14 }, () => throttle.addFault('acme'))
  expect(waits.slice(0, 7)).toEqual([0, 0, 0, 0, 500, 1_000, 2_000])
  expect(waits.at(-1)).toBe(30_000)
})

test('no other tenant waits', () => {
  const { throttle } = throttleAt()
  for (let count = 0; count < 10; count++) throttle.addFault('acme')
  expect(throttle.throttledMs('rival')).toBe(0)
})

test('the wait expires, and faults that are far apart never add up', () => {
  const { clock, throttle } = throttleAt()
  for (let count = 0; count < 5; count++) throttle.addFault('acme')
  clock.now = 200
  expect(throttle.throttledMs('acme')).toBe(300)
  clock.now = 501
  expect(throttle.throttledMs('acme')).toBe(0)
  for (let count = 0; count < 20; count++) {
    clock.now += 6_000
    expect(throttle.addFault('acme')).toBe(0)
  }
})

test('sweep drops waits that have expired', () => {
  const { clock, throttle } = throttleAt()
  for (let count = 0; count < 6; count++) throttle.addFault('acme')
  throttle.removeExpired()
  expect(throttle.throttledMs('acme')).toBeGreaterThan(0)
  clock.now = 60_000
  throttle.removeExpired()
  expect([throttle.throttledMs('acme'), throttle.addFault('acme')]).toEqual([0, 0])
})
