import { RequestError } from '@codemode/shared'
import { expect, test } from 'vitest'

import { LeaseLost, type ExecutionStore, type Lease, type Worker } from './execution-store.ts'
import { observedStore } from './observed-store.ts'
import type { StoreCall } from './store-observer.ts'

function observed(store: Partial<ExecutionStore>) {
  const calls: [string, boolean][] = []
  const observer = { storeCallEnded: ({ operation, isFailed }: StoreCall) => calls.push([operation, isFailed]) }
  return { calls, store: observedStore({ sessions: {}, ...store } as ExecutionStore, observer) }
}

const loseLease = () => Promise.reject(new LeaseLost())

test('each call that returns a promise is reported with its outcome', async () => {
  const { calls, store } = observed({
    isInUse: true,
    findRuntime: async (hash) => hash,
    stopServing: () => Promise.reject(new Error('no connection')),
    onAppend: () => () => {},
  })
  expect(store.isInUse).toBe(true)
  expect(await store.findRuntime('abc')).toBe('abc')
  await expect(store.stopServing('t', 'e', 'r')).rejects.toThrow('no connection')
  store.onAppend('t', 'e', () => {})()
  expect(calls).toEqual([
    ['findRuntime', false],
    ['stopServing', true],
  ])
})

test('calls under a lease are reported, and a lost lease is no failure of the store', async () => {
  let worker: Worker | undefined
  const { calls, store } = observed({
    work(given) {
      worker = given
      return { wake() {}, async stop() {} }
    },
  })
  store.work({ node: 'n', places: () => 1, run: (lease) => lease.append([]).catch(() => {}) })
  expect(worker!.places()).toBe(1)
  await worker!.run({ append: loseLease } as unknown as Lease)
  expect(calls).toEqual([['lease.append', false]])
})

test('the refusal of a value of the caller is no failure of the store, and a store that does not answer is one', async () => {
  const refusals = [new RequestError('INVALID_REQUEST', 'cursor'), new RequestError('STORE_UNAVAILABLE', 'no answer')]
  const { calls, store } = observed({ list: () => Promise.reject(refusals.shift()!) })
  await expect(store.list('t', { limit: 1, cursor: 'made-up' })).rejects.toThrow('cursor')
  await expect(store.list('t', { limit: 1 })).rejects.toThrow('no answer')
  expect(calls).toEqual([
    ['list', false],
    ['list', true],
  ])
})
