import { RequestError, type ExecutionRequest } from '@codemode/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { MemoryStore } from '../../store/memory-store.test-support.ts'
import { createEngine } from '../create-engine.ts'
import { resultOf, scriptedSandbox, submissionOf } from '../detached/scripted-nodes.test-support.ts'
import type { Engine } from '../engine.ts'
import { combineObservers } from '../engine-observer.ts'

const sandbox = {
  ...scriptedSandbox(() => (deliveries) => {
    if (deliveries.length === 1) return { calls: [{ call: 1, tool: 'pay', input: '{}' }] }
    return { end: { ok: true, result: '"paid"' } }
  }),
  onRoom() {},
  roomFor: () => 10,
  throttledMs: () => 0,
}

let engine: Engine
let store: MemoryStore
/** Called before the store does what `promote` asks for. */
let promoting = Promise.withResolvers<void>()
let isHeld: Promise<void> | undefined

const submission = (more: Partial<ExecutionRequest> = {}) =>
  submissionOf('pay', { tools: [{ name: 'pay', requiresApproval: 'always' }], detached: false, ...more })

beforeEach(() => {
  store = new MemoryStore()
  promoting = Promise.withResolvers()
  isHeld = undefined
  const promote = store.promote.bind(store)
  store.promote = async (promotion) => {
    promoting.resolve()
    await isHeld
    return promote(promotion)
  }
  engine = createEngine({
    sandbox,
    callbackTransport: () => ({ call: async () => ({ ok: true, output: null }) }),
    maxRunning: 10,
    maxQueued: 10,
    disconnectGraceMs: 1_000,
    observer: combineObservers([]),
    retain: { ms: 60_000, count: 100, bytes: 1_000_000 },
    detached: { store, maxRunning: 10, parkAfterMs: 1_000, evictAfterMs: 30_000, recordAttached: false },
  })
  vi.useFakeTimers()
  vi.setTimerTickMode('nextTimerAsync')
})
afterEach(async () => {
  await engine.close({ drainMs: 0 })
  vi.useRealTimers()
})

test('a cancellation during a promotion cancels the detached execution', async () => {
  const stored = Promise.withResolvers<void>()
  isHeld = stored.promise
  const handle = engine.submit(submission())
  await promoting.promise
  const cancelled = handle.cancel('enough')
  stored.resolve()
  await cancelled
  await handle.finished
  const detached = await engine.find('acme', handle.id)
  expect(await resultOf({ finished: detached.finished, result: async () => detached.result() })).toBe('CANCELLED')
})

test('a cancellation during a promotion that fails cancels the attached execution', async () => {
  const failed = Promise.withResolvers<void>()
  isHeld = failed.promise
  const handle = engine.submit(submission())
  await promoting.promise
  const cancelled = handle.cancel('enough')
  failed.reject(new RequestError('STORE_UNAVAILABLE', 'The store did not answer in time.'))
  await cancelled
  expect(await resultOf({ finished: handle.finished, result: async () => handle.result() })).toBe('CANCELLED')
})

test('an attached execution becomes a detached one also if the store does not confirm it at first', async () => {
  const promote = store.promote.bind(store)
  let attempts = 0
  store.promote = async (promotion) => {
    attempts += 1
    const isPromoted = await promote(promotion)
    if (attempts < 3) throw new RequestError('STORE_UNAVAILABLE', 'The store did not confirm.', { ambiguous: true })
    return isPromoted
  }
  const limits = { executionTimeoutMs: 100, cpuTimeoutMs: 100, toolTimeoutMs: 100 }
  const handle = engine.submit(submission({ limits }))
  await handle.finished
  expect(attempts).toBe(3)
  expect(handle.isPromoted).toBe(true)
  expect(JSON.parse(await handle.result())).toMatchObject({ status: 'paused' })
})
