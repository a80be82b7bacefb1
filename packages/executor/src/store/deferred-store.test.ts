import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { DeferredStore } from './deferred-store.ts'
import type { Worker } from './execution-store.ts'
import { MemoryStore } from './memory-store.test-support.ts'

const page = { items: [], nextCursor: null }
const unavailable = { code: 'STORE_UNAVAILABLE', retryAfterSeconds: 1 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('the first request starts the store, and further ones wait for the same start', async () => {
  const started = Promise.withResolvers<MemoryStore>()
  const start = vi.fn<() => Promise<MemoryStore>>(() => started.promise)
  await using store = new DeferredStore({
    start,
    startsAtOnce: false,
    onError: (error) => expect.unreachable(String(error)),
  })
  expect(start).not.toHaveBeenCalled()
  const lists = [store.list('acme', { limit: 1 }), store.list('acme', { limit: 1 })]
  started.resolve(new MemoryStore())
  expect(await Promise.all(lists)).toEqual([page, page])
  expect(start).toHaveBeenCalledTimes(1)
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
    onError: (error) => expect.unreachable(String(error)),
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

test('a closed store is not started again', async () => {
  const start = vi.fn<() => Promise<MemoryStore>>(() => Promise.reject(new Error('down')))
  const store = new DeferredStore({ start, startsAtOnce: true, onError() {} })
  await vi.advanceTimersByTimeAsync(0)
  await store[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(start).toHaveBeenCalledTimes(1)
  await expect(store.list('acme', { limit: 1 })).rejects.toMatchObject(unavailable)
})
