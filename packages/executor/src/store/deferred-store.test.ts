import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { DeferredStore } from './deferred-store.ts'
import { sessionBounds } from '../engine/session/session-bounds.ts'
import { headerOf } from '../engine/state/journal.test-support.ts'
import type { NewExecution, Worker } from './execution-store.ts'
import { MemoryStore } from './memory-store.test-support.ts'

const fail = (error: unknown) => expect.unreachable(String(error))

const page = { items: [], nextCursor: null }
const unavailable = { code: 'STORE_UNAVAILABLE', retryAfterSeconds: 1 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const execution: NewExecution = {
  facts: {
    id: 'exe_1',
    tenant: 'acme',
    owner: 'ann',
    keyId: 'key',
    correlationId: 'cor_1',
    bodyHash: 'hash',
    isolation: 'tenant',
    reuseIsolates: true,
    expiresAfterMs: 1_000,
  },
  header: headerOf(),
  maxQueued: 1,
}

test('the first execution starts the store, and requests before it find nothing', async () => {
  const started = Promise.withResolvers<MemoryStore>()
  const start = vi.fn<() => Promise<MemoryStore>>(() => started.promise)
  await using store = new DeferredStore({ start, startsAtOnce: false, onError: fail })
  expect(await store.list('acme', { limit: 1 })).toEqual(page)
  expect(await store.find('acme', 'exe_1')).toBe(undefined)
  expect(await store.read('acme', 'exe_1', 0)).toBe(undefined)
  expect(await store.post('acme', 'exe_1', { kind: 'wake' })).toBe(false)
  expect(await store.countParked()).toEqual(new Map())
  expect(await store.count('acme', { since: 0, until: 1, buckets: 1 }, { except: [], max: 1 })).toEqual({ groups: [] })
  expect(store.isInUse).toBe(false)
  expect(start).not.toHaveBeenCalled()
  const created = store.create(execution)
  const found = store.find('acme', 'exe_1')
  started.resolve(new MemoryStore())
  expect(await created).toEqual({ type: 'created' })
  expect(await found).toMatchObject({ status: 'queued' })
  expect(store.isInUse).toBe(true)
  expect(start).toHaveBeenCalledTimes(1)
})

test('the first durable session starts the store, and requests before it find nothing', async () => {
  const start = vi.fn<() => Promise<MemoryStore>>(async () => new MemoryStore())
  await using store = new DeferredStore({ start, startsAtOnce: false, onError: fail })
  const { sessions } = store
  const fork = { id: 'ses_2', label: undefined, atStep: undefined }
  expect(await sessions.find('acme', 'ses_1')).toBe(undefined)
  expect(await sessions.list('acme', { limit: 1 })).toEqual([])
  expect(await sessions.steps('acme', 'ses_1')).toEqual([])
  expect(await sessions.fork('acme', 'ses_1', fork)).toEqual({ type: 'no-session' })
  expect(await sessions.addStep('ses_1', execution, sessionBounds)).toEqual({ type: 'no-session' })
  expect([await sessions.reset('acme', 'ses_1'), await sessions.end('acme', 'ses_1')]).toEqual([undefined, false])
  expect(start).not.toHaveBeenCalled()
  const { id, tenant, owner, isolation, reuseIsolates } = { ...execution.facts, id: 'ses_1' }
  const facts = {
    id,
    tenant,
    owner,
    isolation,
    reuseIsolates,
    label: undefined,
    context: {},
    config: {},
    memoryLimitMb: undefined,
  }
  expect(await sessions.create({ ...facts, idleTimeoutMs: 1_000 })).toMatchObject({ type: 'found', isNew: true })
  expect(await sessions.addStep('ses_1', execution, sessionBounds)).toMatchObject({ type: 'created', number: 1 })
  expect(await sessions.find('acme', 'ses_1')).toMatchObject({ session: { steps: 1, pendingSteps: 1 } })
  expect(await sessions.journalsBefore('acme', 'exe_1')).toEqual([])
})

test('requests after a failed start are refused until another start succeeds', async () => {
  const errors: unknown[] = []
  const failure = new Error('no route to the database')
  const start = vi
    .fn<() => Promise<MemoryStore>>(() => Promise.resolve(new MemoryStore()))
    .mockRejectedValueOnce(failure)
  await using store = new DeferredStore({ start, startsAtOnce: true, onError: (error) => errors.push(error) })
  await expect(store.list('acme', { limit: 1 })).rejects.toMatchObject(unavailable)
  await expect(store.find('acme', 'exe_1')).rejects.toMatchObject(unavailable)
  expect(start).toHaveBeenCalledTimes(1)
  expect(errors).toEqual([failure])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await store.list('acme', { limit: 1 })).toEqual(page)
})

test('workers work as soon as the store has started', async () => {
  const started = Promise.withResolvers<MemoryStore>()
  await using store = new DeferredStore({
    start: () => started.promise,
    startsAtOnce: true,
    onError: fail,
  })
  const worker: Worker = { node: 'one', places: () => 1, run: async () => {} }
  const working = store.work(worker)
  working.wake()
  const memory = new MemoryStore()
  const work = vi.spyOn(memory, 'work')
  started.resolve(memory)
  await store.list('acme', { limit: 1 })
  expect(work).toHaveBeenCalledExactlyOnceWith(worker)
  await working.stop()
})

test('a listener that is added before the store has started is called after that, until it is removed', async () => {
  const memory = new MemoryStore()
  const started = Promise.withResolvers<MemoryStore>()
  await using store = new DeferredStore({ start: () => started.promise, startsAtOnce: true, onError: fail })
  const calls: string[] = []
  const removeEarly = store.onAppend('acme', 'exe_1', () => calls.push('removed early'))
  const remove = store.onAppend('acme', 'exe_1', () => calls.push('kept'))
  removeEarly()
  started.resolve(memory)
  const { promise, resolve } = Promise.withResolvers<void>()
  const append: Worker['run'] = async (lease) => {
    const entry = { type: 'claim', at: 0, epoch: 1, node: 'one', endsAt: 1 } as const
    await lease.append([entry])
    remove()
    await lease.append([entry])
    resolve()
  }
  store.work({ node: 'one', places: () => 1, run: append })
  await store.create(execution)
  await promise
  expect(calls).toEqual(['kept'])
})

test('a closed store is not started again', async () => {
  const start = vi.fn<() => Promise<MemoryStore>>(() => Promise.reject(new Error('down')))
  const store = new DeferredStore({ start, startsAtOnce: true, onError() {} })
  await vi.advanceTimersByTimeAsync(0)
  await store[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(start).toHaveBeenCalledTimes(1)
  await expect(store.list('acme', { limit: 1 })).rejects.toMatchObject(unavailable)
})
