import { errorBodySchema, RequestError } from '@codemode/shared'
import { expect, test } from 'vitest'

import type { Principal } from '../engine/principal.ts'
import { startedEvent } from './fake-engine.test-support.ts'
import { principal, testApp } from './http-app.test-support.ts'

type Found = Principal | 'expired' | undefined

const other = { owner: 'somebody else' }
const ada = (): Found => ({ ...principal('acme'), owner: 'ada' })

/** Opens a stream of events, changes what the executor finds for its key, and emits an event. */
async function streamAfter(found: () => Found, query = '') {
  let find = ada
  const { engine, send } = testApp({ keys: { find: () => find(), findById: () => undefined } })
  const execution = engine.add('acme', undefined, 'ada').admit().emit(startedEvent(1))
  const response = await send('GET', `/v1/executions/${execution.id}/events${query}`)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toMatch(/^id: 1\n/)
  find = found
  execution.emit(startedEvent(2)).finish()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value
  return { rest, execution }
}

test.each<[string, () => Found, string, string?]>([
  ['that was removed', () => undefined, 'UNAUTHORIZED'],
  ['that has expired', () => 'expired', 'UNAUTHORIZED'],
  ['that has lost the right', () => ({ ...principal('acme'), ...other, rights: ['run'] }), 'FORBIDDEN'],
  ['that belongs to another tenant', () => principal('rival'), 'FORBIDDEN'],
  ['that may not serve any more', () => ({ ...principal('acme'), ...other }), 'FORBIDDEN', '?serve=1'],
])('a key %s gets no further event', async (_title, found, code, query) => {
  const { rest, execution } = await streamAfter(found, query)
  const error = /^event: error\ndata: (.*)\n\n$/.exec(rest)?.[1]
  expect(errorBodySchema.parse(JSON.parse(error ?? '')).error.code).toBe(code)
  expect(execution.readers).toBe(0)
})

test('a reader goes on while the keys cannot be read', async () => {
  const { rest } = await streamAfter(() => {
    throw new RequestError('STORE_UNAVAILABLE', 'The keys cannot be read now.')
  })
  expect(rest).toMatch(/^id: 2\nevent: started\n/)
})
