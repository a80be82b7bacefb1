import { expect, test, vi } from 'vitest'

import type { Right } from '../engine/principal.ts'
import { testApp } from './http-app.test-support.ts'

const session = 'ses_01890a5d-ac96-774b-bcce-b302099a8057'

test('a list can have several statuses, one session and a time', async () => {
  const { engine, send } = testApp()
  const list = vi.spyOn(engine, 'list')
  const query = `status=queued,failed&errorCode=CPU_TIMEOUT&session=${session}&since=2030-01-01T00:00:00Z&until=2030-01-02T00:00:00Z&label=a`
  expect((await send('GET', `/v1/executions?${query}`)).status).toBe(200)
  expect(list).toHaveBeenCalledWith('acme', {
    limit: 50,
    label: 'a',
    session,
    statuses: ['queued', 'failed'],
    errorCode: 'CPU_TIMEOUT',
    since: Date.UTC(2030, 0, 1),
    until: Date.UTC(2030, 0, 2),
  })
})

test.each(['status=', 'status=queued,done', 'errorCode=ODD', 'session=x', 'until=soon', 'tool=x', 'limit=0'])(
  'a list with %s is refused',
  async (query) => {
    expect((await testApp().send('GET', `/v1/executions?${query}`)).status).toBe(400)
  },
)

test('a key without the right to read lists and counts only the executions of its owner', async () => {
  const { engine, send } = testApp()
  const list = vi.spyOn(engine, 'list')
  const count = vi.spyOn(engine, 'count')
  for (const path of ['/v1/executions', '/v1/executions/counts']) {
    expect((await send('GET', path, { as: { owner: 'ann', rights: ['run'] } })).status).toBe(200)
    expect((await send('GET', path, { as: { owner: 'ann', rights: ['approve'] } })).status).toBe(403)
  }
  for (const { lastCall } of [list.mock, count.mock]) expect(lastCall).toMatchObject(['acme', { owner: 'ann' }])
})

test('counts are of the last hour by default, and of at most 31 days', async () => {
  const { engine, send } = testApp()
  const count = vi.spyOn(engine, 'count')
  const statusOf = async (query: string) => (await send('GET', `/v1/executions/counts?${query}`)).status
  const before = Date.now()
  expect(await statusOf('')).toBe(200)
  const { since, until, buckets } = count.mock.lastCall![1]
  expect([until - since, buckets]).toEqual([3_600_000, 60])
  expect(until).toBeGreaterThan(before)
  expect(await statusOf('since=2030-01-01T00:00:00Z&until=2030-02-01T00:00:00Z&buckets=120&label=a')).toBe(200)
  expect(count).toHaveBeenLastCalledWith('acme', {
    since: Date.UTC(2030, 0, 1),
    until: Date.UTC(2030, 1, 1),
    buckets: 120,
    label: 'a',
  })
  for (const query of [
    'since=2030-01-01T00:00:00Z&until=2030-02-01T00:00:01Z',
    'since=2030-01-01T00:00:00Z&until=2030-01-01T00:00:00Z',
    'since=2130-01-01T00:00:00Z',
    'buckets=121',
    'buckets=0',
    'status=failed',
  ])
    expect(await statusOf(query)).toBe(400)
})

test('a journal can be read without its first entries', async () => {
  const { engine, send } = testApp()
  const execution = engine.add('acme').admit()
  execution.entries = [1, 2, 3].map((at) => ({ type: 'deferred', at, call: at }))
  const read = async (query: string) => {
    const response = await send('GET', `/v1/executions/${execution.id}/journal${query}`)
    return response.status === 200
      ? ((await response.json()) as { entries: unknown[] }).entries.length
      : response.status
  }
  expect([await read(''), await read('?after=0'), await read('?after=2'), await read('?after=3')]).toEqual([3, 3, 1, 0])
  for (const query of ['?after=-1', '?after=x', '?after=99999999999', '?from=1']) expect(await read(query)).toBe(400)
})

test('a record is sent again only after another entry of the journal', async () => {
  const { engine, send } = testApp()
  const execution = engine.add('acme').admit()
  const read = async (tag: string) => {
    const response = await send('GET', `/v1/executions/${execution.id}`, { headers: { 'if-none-match': tag } })
    const text = await response.text()
    return { status: response.status, tag: response.headers.get('etag')!, hasRecord: text.includes('"status"') }
  }
  const first = await read('W/"7"')
  expect(first).toMatchObject({ status: 200, hasRecord: true })
  expect(await read(first.tag)).toEqual({ status: 304, tag: first.tag, hasRecord: false })
  execution.entries = [{ type: 'deferred', at: 1, call: 1 }]
  const second = await read(first.tag)
  expect(second).toMatchObject({ status: 200, hasRecord: true })
  expect(second.tag).not.toBe(first.tag)
})

test('a replay is permitted to a key that may read the execution', async () => {
  const { engine, send } = testApp()
  const { id } = engine.add('acme').admit()
  const statusOf = async (as: object) => (await send('POST', `/v1/executions/${id}/replay`, { as })).status
  expect(await statusOf({ owner: 'other', rights: ['read'] })).toBe(200)
  expect(await statusOf({ owner: 'owner of acme', rights: ['run'] })).toBe(200)
  expect(await statusOf({ owner: 'other', rights: ['run', 'operate', 'approve'] })).toBe(403)
})

test('a key without the right to operate wakes only the executions of its owner', async () => {
  const { engine, send } = testApp()
  const { id } = engine.add('acme').admit()
  const statusOf = async (as: object) => (await send('POST', `/v1/executions/${id}/wake`, { as })).status
  expect(await statusOf({ owner: 'other', rights: ['operate'] })).toBe(202)
  expect(await statusOf({ owner: 'owner of acme', rights: ['run'] })).toBe(202)
  expect(await statusOf({ owner: 'owner of acme', rights: ['read', 'approve'] })).toBe(403)
  expect(await statusOf({ owner: 'other', rights: ['run', 'read', 'approve'] })).toBe(403)
})

test('a retry with other code or input needs the rights to run code and to read the execution', async () => {
  const { engine, send } = testApp()
  const { id } = engine.add('acme').admit()
  const statusOf = async (body: object, rights: readonly Right[], owner = 'other') =>
    (await send('POST', `/v1/executions/${id}/retry`, { body, as: { owner, rights } })).status
  expect(await statusOf({}, ['operate'])).toBe(201)
  for (const body of [{ code: '' }, { input: null }]) {
    for (const rights of [['operate'], ['operate', 'run'], ['operate', 'read']] as const)
      expect(await statusOf(body, rights)).toBe(403)
    expect(await statusOf(body, ['operate', 'run', 'read'])).toBe(201)
    expect(await statusOf(body, ['run'], 'owner of acme')).toBe(201)
  }
})

test("a retry of another owner's execution takes no callback and no receiver of notifications", async () => {
  const { engine, send } = testApp()
  const { id } = engine.add('acme').admit()
  const statusOf = async (body: object, owner: string) =>
    (await send('POST', `/v1/executions/${id}/retry`, { body, as: { owner } })).status
  const callback = { url: 'https://app.example/tools', token: 'x'.repeat(16) }
  const notify = { url: 'https://app.example/hook', secret: `whsec_${'A'.repeat(32)}`, events: ['finished'] }
  for (const body of [{ callback }, { notify }]) {
    expect(await statusOf(body, 'other')).toBe(403)
    expect(await statusOf({ ...body, code: 'return 1' }, 'other')).toBe(201)
    expect(await statusOf(body, 'owner of acme')).toBe(201)
  }
})
