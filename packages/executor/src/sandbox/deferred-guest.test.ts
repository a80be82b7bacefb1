import { expect, test } from 'vitest'

import { deferredGuest } from './deferred-guest.ts'
import type { RuntimeText } from './runtime-source.ts'
import type { Guest } from './sandbox.ts'

const runtime: RuntimeText = { hash: 'abc', text: '{}' }
const start = { kind: 'start', at: 1 } as const
const options = { cpuMs: 1, expectedSlowdown: 1, wallMs: 1, maxWaitMs: 1 }
const notPlaced = (): Guest => expect.unreachable()

test('a guest whose runtime can not be read now is lost, so that it is tried again', async () => {
  const guest = deferredGuest(Promise.reject(new Error('the store does not answer')), notPlaced)
  expect(await guest.turn(start, options)).toEqual({ type: 'lost' })
})

test('a guest that is closed before its runtime is found is not placed', async () => {
  const { promise, resolve } = Promise.withResolvers<RuntimeText>()
  const guest = deferredGuest(promise, notPlaced)
  const turn = guest.turn(start, options)
  guest.close()
  resolve(runtime)
  expect(await turn).toEqual({ type: 'lost' })
})

test('a guest is placed once, with its first turn', async () => {
  const placed: RuntimeText[] = []
  const guest = deferredGuest(Promise.resolve(runtime), (found) => {
    placed.push(found)
    return { turn: async () => ({ type: 'killed' }), close() {} }
  })
  for (let turn = 1; turn <= 2; turn++) expect(await guest.turn(start, options)).toEqual({ type: 'killed' })
  expect(placed).toEqual([runtime])
})
