import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ServingLease } from './serving-lease.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the right is given back after an extension that is under way', async () => {
  const extended = Promise.withResolvers<boolean>()
  const done: string[] = []
  const serve = vi.fn(async () => true)
  const store = { serve, stopServing: async () => void done.push('stopped') }
  const lease = await ServingLease.acquire({ store, tenant: 'acme', id: 'exe_1' })
  serve.mockImplementation(() => extended.promise.finally(() => done.push('extended')))
  await vi.advanceTimersByTimeAsync(3_000)
  const released = lease.release()
  await vi.advanceTimersByTimeAsync(1)
  extended.resolve(true)
  await released
  expect(done).toEqual(['extended', 'stopped'])
})
