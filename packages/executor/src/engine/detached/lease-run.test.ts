import { expect, test } from 'vitest'

import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { Lease, ParkOptions } from '../../store/execution-store.ts'
import { MemoryStore } from '../../store/memory-store.test-support.ts'
import { combineObservers } from '../engine-observer.ts'
import { Pacer } from '../runner/pacer.ts'
import { WarmGuests } from '../session/warm-guests.ts'
import { effectsOf, headerOf } from '../state/journal.test-support.ts'
import { LeaseRun } from './lease-run.ts'

const minute = 60_000

const sleepsForAMinute: Partial<Sandbox> = {
  placeGuest: () => ({
    turn: async ({ at }) => ({ type: 'turn', cpuMs: 1, effects: effectsOf({ nextTimerAt: at + minute }) }),
    close() {},
  }),
}

test("timers are due by the clock of the store, and not by the node's", async () => {
  const storeNow = Date.now() - 360 * minute
  const parked = Promise.withResolvers<ParkOptions>()
  const lease = {
    execution: { facts: { tenant: 'acme', isolation: 'tenant' }, expiresAt: storeNow + 1_000 * minute },
    expiresInMs: 1_000 * minute,
    header: headerOf({ createdAt: new Date(storeNow).toISOString() }),
    entries: [],
    epoch: 1,
    append: async () => {},
    park: async (_: unknown, options: ParkOptions) => {
      parked.resolve(options)
      return true
    },
    messages: async () => [],
    confirm: () => undefined,
    onMessage() {},
  } as unknown as Lease
  const run = new LeaseRun(lease, {
    sandbox: sleepsForAMinute as Sandbox,
    pacer: new Pacer(),
    parkAfterMs: 1_000,
    store: new MemoryStore(),
    guests: new WarmGuests(30_000),
    callbackTransport: () => expect.unreachable(),
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
  })
  await run.run('node')
  const { wakeAt = 0 } = await parked.promise
  expect(wakeAt).toBeGreaterThanOrEqual(storeNow + minute)
  expect(wakeAt).toBeLessThan(storeNow + 180 * minute)
})
