import { newExecutionId, type JournalEntry } from '@codemode/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createdAt } from '../../engine/state/journal.test-support.ts'
import type { EndedExecution, ExecutionFacts, Lease } from '../execution-store.ts'
import {
  answer,
  complete,
  newExecution,
  openParts,
  query,
  startStore,
  useServer,
  worker,
} from './postgres-store.test-support.ts'
import { Retention } from './retention.ts'

const servers = useServer()

test('several nodes that start at once on an empty database share it, and a text that is no id hinders no other request', async () => {
  const url = await servers.createDatabase()
  const stores = await Promise.all([1, 2, 3, 4].map(() => startStore(url)))
  const execution = newExecution()
  await stores[0]!.create(execution)
  for (const store of stores) expect((await store.find('acme', execution.facts.id))?.status).toBe('queued')
  // They are found by one statement, which the database refuses.
  const found = [stores[0]!.find('other', '\0'), stores[0]!.find('acme', execution.facts.id)]
  expect(await Promise.allSettled(found)).toMatchObject([{ status: 'rejected' }, { value: { status: 'queued' } }])
  await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
})

test('a callback is not replaced while a reader serves the calls, or after the end', async () => {
  await using store = await startStore(await servers.createDatabase())
  const { facts, header } = newExecution()
  await store.create({ facts, header, maxQueued: 10 })
  const set = () => store.setCallback('acme', facts.id, { url: 'https://app.example/tools', token: 'x'.repeat(16) })
  expect(await store.serve('acme', facts.id, 'reader', 60_000)).toBe(true)
  expect(await set()).toBe('served')
  await store.stopServing('acme', facts.id, 'reader')
  expect(await set()).toBe('replaced')
  const { promise, resolve } = Promise.withResolvers<void>()
  const working = store.work(worker('node', async (lease) => resolve(await complete(lease))))
  await promise
  expect(await set()).toBe('ended')
  await working.stop()
})

test('an id belongs to the execution that was created first with it, of each tenant by itself', async () => {
  await using store = await startStore(await servers.createDatabase())
  const { facts } = newExecution()
  expect(await store.create(newExecution(facts))).toEqual({ type: 'created' })
  expect(await store.create(newExecution({ ...facts, bodyHash: 'other' }))).toEqual({
    type: 'exists',
    bodyHash: 'hash',
    isGone: false,
  })
  expect(await store.create(newExecution({ ...facts, tenant: 'other' }))).toEqual({ type: 'created' })
  expect(await store.read('third', facts.id, 0)).toBeUndefined()
  expect(await store.post('third', facts.id, { kind: 'wake' })).toBe(false)
})

test.each([
  ['before its commit', '', false],
  ['during its commit', 'deferrable initially deferred', true],
])(
  'when the connection is lost while an execution is stored, %s, the error says whether it may be stored',
  async (_when, deferral, ambiguous) => {
    const url = await servers.createDatabase()
    await using store = await startStore(url)
    await query(
      url,
      `create function cut() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'`,
    )
    await query(
      url,
      `create constraint trigger cut after insert on codemode.executions ${deferral} for each row execute function cut()`,
    )
    const execution = newExecution()
    await expect(store.create(execution)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', ambiguous })
    await query(url, 'drop trigger cut on codemode.executions')
    expect(await store.create(execution)).toEqual({ type: 'created' })
  },
)

test('executions that are created at once with one id are one execution', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const { facts } = newExecution()
  const created = await Promise.all(Array.from({ length: 8 }, () => store.create(newExecution(facts))))
  expect(created.filter(({ type }) => type === 'created')).toHaveLength(1)
  expect(created.filter(({ type }) => type === 'exists')).toHaveLength(7)
  expect(await query(url, 'select 1 from codemode_jobs.job')).toHaveLength(1)
})

test('a tenant can store a bounded number of executions that have not started', async () => {
  await using store = await startStore(await servers.createDatabase())
  const first = newExecution({}, 2)
  expect(await store.create(first)).toEqual({ type: 'created' })
  expect(await store.create(newExecution({}, 2))).toEqual({ type: 'created' })
  expect(await store.create(newExecution({}, 2))).toEqual({ type: 'too-many-queued' })
  expect(await store.create(first)).toMatchObject({ type: 'exists' })
  expect(await store.create(newExecution({ tenant: 'other' }, 2))).toEqual({ type: 'created' })
})

test('all facts, the header and the entries are returned as they were stored, with any characters, and the receivers to the runner', async () => {
  await using store = await startStore(await servers.createDatabase())
  const callback = { url: 'https://example.com/tools', token: 'x'.repeat(16) }
  const notify = { url: 'https://example.com/hook', secret: 'whsec_', events: [] }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) })),
      async (texts) => {
        const label = texts.join('').slice(0, 256)
        const execution = newExecution({ label, callback, notify, isolation: 'execution', reuseIsolates: false })
        const header = { ...execution.header, code: texts.join('\0') }
        await store.create({ ...execution, header })
        const { callback: _, notify: __, ...foundFacts } = execution.facts
        const { id } = foundFacts
        expect((await store.find('acme', id))!.facts).toEqual(foundFacts)
        const entries = texts.map((text, index) => answer(index + 1, text))
        const { promise, resolve } = Promise.withResolvers<ExecutionFacts>()
        const run = (lease: Lease) => complete(lease, ...entries).then(() => resolve(lease.execution.facts))
        const working = store.work(worker('a', run))
        expect(await promise).toEqual(execution.facts)
        await working.stop()
        const stored = (await store.find('acme', id))!
        expect(stored.facts).toEqual(foundFacts)
        const createdAt = new Date(stored.createdAt).toISOString()
        expect(await store.read('acme', id, 0)).toEqual({ header: { ...header, createdAt }, entries })
        expect((await store.list('acme', { label, limit: 1 })).items[0]?.facts.id).toBe(id)
      },
    ),
    { numRuns: 20, seed: 15, examples: [[['\0', '\ud800', '\udc00\ud800', '\\u0000', '"']]] },
  )
})

test('reading a journal can begin after the entries that are known', async () => {
  await using store = await startStore(await servers.createDatabase())
  const { promise, resolve } = Promise.withResolvers<void>()
  store.work(worker('a', (lease) => complete(lease, answer(1), answer(2), answer(3)).then(resolve)))
  const execution = newExecution()
  await store.create(execution)
  await promise
  const journal = await store.read('acme', execution.facts.id, 2)
  expect(journal?.entries).toMatchObject([{ call: 3 }])
})

test('an execution has the times, the status and the error that its runner set', async () => {
  await using store = await startStore(await servers.createDatabase())
  const { promise, resolve } = Promise.withResolvers<void>()
  const error = { code: 'GUEST_ERROR', name: 'Error', message: 'a\0b', retryable: false } as const
  const execution = newExecution()
  store.work(
    worker('a', async (lease) => {
      await lease.append([], { change: { status: 'running', startedAt: 1_000 } })
      expect(await store.find('acme', execution.facts.id)).toMatchObject({ status: 'running', startedAt: 1_000 })
      await lease.finish([], { status: 'failed', finishedAt: 2_000, error })
      resolve()
    }),
  )
  await store.create(execution)
  await promise
  const expected = { status: 'failed', startedAt: 1_000, finishedAt: 2_000, error }
  expect(await store.find('acme', execution.facts.id)).toMatchObject(expected)
  expect(await store.post('acme', execution.facts.id, { kind: 'cancel' })).toBe(false)
})

const error = { code: 'GUEST_ERROR', name: 'Error', message: 'a\0\ud800', retryable: false } as const

/** Returns an attached execution that has failed. */
function endedOf(more: Partial<ExecutionFacts>, entries: JournalEntry[]): EndedExecution {
  const { facts, header } = newExecution(more)
  const { expiresAfterMs: _, ...rest } = facts
  const finishedAt = Date.now()
  const end = { status: 'failed', startedAt: finishedAt - 1, finishedAt, error } as const
  return { facts: rest, journal: { header, entries }, end }
}

test('executions are recorded once, with any characters, and not in the place of another execution', async () => {
  await using store = await startStore(await servers.createDatabase())
  const detached = newExecution()
  await store.create(detached)
  const one = endedOf({ label: 'x\0' }, [answer(1, '\0'), answer(2)])
  const inPlace = endedOf({ id: detached.facts.id }, [answer(1)])
  const ofOther = endedOf({ id: one.facts.id, tenant: 'other' }, [])
  await store.record([one, inPlace])
  await store.record([one, ofOther])
  expect(await store.read('acme', one.facts.id, 0)).toEqual(one.journal)
  expect(await store.read('other', one.facts.id, 0)).toEqual(ofOther.journal)
  expect(await store.find('acme', one.facts.id)).toEqual({
    facts: { ...one.facts, expiresAfterMs: one.end.finishedAt - createdAt },
    isAttached: true,
    createdAt,
    expiresAt: one.end.finishedAt,
    ...one.end,
  })
  expect(await store.find('acme', detached.facts.id)).toMatchObject({ isAttached: false, status: 'queued' })
  expect((await store.read('acme', detached.facts.id, 0))?.entries).toEqual([])
  expect(await store.post('acme', one.facts.id, { kind: 'wake' })).toBe(false)
})

test('pages of a list stay as they are while executions are created', async () => {
  await using store = await startStore(await servers.createDatabase())
  const create = async (count: number) => {
    const executions = Array.from({ length: count }, () => newExecution())
    await Promise.all(executions.map((execution) => store.create(execution)))
    return executions.map(({ facts }) => facts.id)
  }
  const before = await create(23)
  const listed: string[] = []
  const times: number[] = []
  let cursor: string | undefined
  do {
    const page = await store.list('acme', { limit: 5, ...(cursor !== undefined && { cursor }) })
    listed.push(...page.items.map(({ facts }) => facts.id))
    times.push(...page.items.map(({ createdAt }) => createdAt))
    cursor = page.nextCursor ?? undefined
    await create(3)
  } while (cursor !== undefined)
  expect(listed.toSorted()).toEqual(before.toSorted())
  expect(times).toEqual(times.toSorted((a, b) => b - a))
})

test('a list is filtered by tenant, status, label and time', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const [old, labelled, other] = [newExecution(), newExecution({ label: 'report' }), newExecution({ tenant: 'other' })]
  for (const execution of [old, labelled, other]) await store.create(execution)
  await query(url, "update codemode.executions set created_at = '2020-01-01' where id = $1", [old.facts.id])
  const ids = async (options: Partial<Parameters<typeof store.list>[1]>) =>
    (await store.list('acme', { limit: 10, ...options })).items.map(({ facts }) => facts.id)
  expect(await ids({})).toEqual([labelled.facts.id, old.facts.id])
  expect(await ids({ label: 'report' })).toEqual([labelled.facts.id])
  expect(await ids({ label: 'repor' })).toEqual([])
  expect(await ids({ since: Date.parse('2020-01-02') })).toEqual([labelled.facts.id])
  expect(await ids({ statuses: ['completed'] })).toEqual([])
  expect(await ids({ statuses: ['queued', 'running'] })).toHaveLength(2)
})

test('executions are counted by outcome, time and error, without those that are left out, and only the newest of many', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const created = await Promise.all(
    [{ label: 'a' }, { label: 'a' }, {}, {}, {}, { tenant: 'other' }].map(async (facts) => {
      const execution = newExecution(facts)
      await store.create(execution)
      return execution.facts.id
    }),
  )
  const rows: [minute: number, status: string, code: string | null][] = [
    [0, 'completed', null],
    [1, 'failed', 'GUEST_ERROR'],
    [1, 'failed', 'GUEST_ERROR'],
    [1, 'cancelled', 'CANCELLED'],
    [4, 'failed', null],
  ]
  for (const [n, [minute, status, code]] of rows.entries()) {
    await query(
      url,
      'update codemode.executions set created_at = $1, status = $2, finished_at = now(), error_code = $3 where id = $4',
      [new Date(Date.UTC(2030, 0, 1, 0, minute)).toISOString(), status, code, created[n]],
    )
  }
  const [since, until] = [Date.UTC(2030, 0), Date.UTC(2030, 0, 1, 0, 4)]
  const count = async (more: object, except: string[] = []) =>
    (await store.count('acme', { since, until, buckets: 2, ...more }, { except, max: 10 })).groups.toSorted(
      (a, b) => a.bucket - b.bucket || a.outcome.localeCompare(b.outcome),
    )
  expect(await count({})).toEqual([
    { bucket: 0, outcome: 'cancelled', errorCode: null, count: 1 },
    { bucket: 0, outcome: 'completed', errorCode: null, count: 1 },
    { bucket: 0, outcome: 'failed', errorCode: 'GUEST_ERROR', count: 2 },
  ])
  expect(await count({ until: until + 1, buckets: 4 }, created.slice(1, 3))).toMatchObject(
    [
      { bucket: 0, outcome: 'completed' },
      { bucket: 0, outcome: 'cancelled' },
      { bucket: 3, outcome: 'failed', errorCode: null },
    ].toSorted((a, b) => a.bucket - b.bucket || a.outcome.localeCompare(b.outcome)),
  )
  expect(await count({ label: 'a' })).toHaveLength(2)
  expect((await store.list('acme', { limit: 10, statuses: ['failed'] })).items).toHaveLength(3)
  expect((await store.list('acme', { limit: 10, statuses: ['failed', 'cancelled'] })).items).toHaveLength(4)
  expect(await count({ owner: 'nobody' })).toEqual([])
  const now = { since: Date.now() - 60_000, until: Date.now() + 60_000, buckets: 1 }
  expect(await store.count('other', now, { except: [], max: 2 })).toEqual({
    groups: [{ bucket: 0, outcome: 'inFlight', errorCode: null, count: 1 }],
  })
  const bounded = await store.count('acme', { since, until, buckets: 1 }, { except: [], max: 3 })
  expect(bounded.countedSince).toBe(since + 60_000)
  expect(new Map(bounded.groups.map(({ outcome, count }) => [outcome, count]))).toEqual(
    new Map([
      ['cancelled', 1],
      ['failed', 2],
    ]),
  )
})

test.each(['', 'x', 'WzEsMl0', Buffer.from(JSON.stringify([1e99, newExecutionId()])).toString('base64url')])(
  'a list refuses %j, which is no cursor',
  async (cursor) => {
    await using store = await startStore(servers.server.url)
    await expect(store.list('acme', { limit: 1, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  },
)

test('of an execution that ended long ago, the id and the hash stay first, and later nothing', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const { promise, resolve } = Promise.withResolvers<void>()
  store.work(worker('a', (lease) => complete(lease, answer(1)).then(resolve)))
  const execution = newExecution({ label: 'report' })
  const { id } = execution.facts
  await store.create(execution)
  await promise
  await using parts = await openParts(url)
  const retention = new Retention(parts.db, 60_000)

  await query(url, "insert into codemode.inbox (key, payload) select key, '{}' from codemode.executions")
  await retention.deleteOld()
  expect((await store.read('acme', id, 0))?.entries).toHaveLength(1)
  expect(await query(url, 'select 1 from codemode.inbox')).toEqual([])

  await query(url, "update codemode.executions set finished_at = now() - interval '2 minutes'")
  await retention.deleteOld()
  expect(await store.find('acme', id)).toBeUndefined()
  expect(await store.read('acme', id, 0)).toBeUndefined()
  expect((await store.list('acme', { limit: 10 })).items).toEqual([])
  expect(await query(url, 'select 1 from codemode.entries')).toEqual([])
  expect(await store.create(execution)).toEqual({ type: 'exists', bodyHash: 'hash', isGone: true })

  await query(url, "update codemode.executions set finished_at = now() - interval '31 days'")
  await retention.deleteOld()
  expect(await store.create(execution)).toEqual({ type: 'created' })
})

test('old executions are deleted in parts that end in time, and attached ones as a whole', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const attached = Array.from({ length: 30 }, () => endedOf({}, [answer(1), answer(2)]))
  await store.record(attached)
  const detached = newExecution()
  const { promise, resolve } = Promise.withResolvers<void>()
  store.work(worker('a', (lease) => complete(lease, answer(1)).then(resolve)))
  await store.create(detached)
  await promise
  // Stands for a statement that takes too long: one that deletes more than 20 entries.
  await query(
    url,
    `create function refuse_many() returns trigger language plpgsql as $$
     begin
       if (select count(*) from gone) > 20 then raise exception using errcode = '57014'; end if;
       return null;
     end $$`,
  )
  await query(
    url,
    `create trigger refuse_many after delete on codemode.entries referencing old table as gone
     for each statement execute function refuse_many()`,
  )
  await query(url, "update codemode.executions set finished_at = now() - interval '2 minutes'")
  await using parts = await openParts(url)
  await new Retention(parts.db, 60_000).deleteOld()
  expect(await query(url, 'select 1 from codemode.entries')).toEqual([])
  expect(await query(url, 'select id, is_tombstone from codemode.executions')).toEqual([
    { id: detached.facts.id, is_tombstone: true },
  ])
})

test('an execution is created at the time of the database, whatever the clock of its node says', async () => {
  await using store = await startStore(await servers.createDatabase())
  const leased = Promise.withResolvers<string>()
  const run = async (lease: Lease) => {
    await complete(lease)
    leased.resolve(lease.header.createdAt)
  }
  store.work(worker('a', run))
  const { facts, header, maxQueued } = newExecution()
  await store.create({ facts, header: { ...header, createdAt: '2001-01-01T00:00:00.000Z' }, maxQueued })
  const createdAt = new Date((await store.find('acme', facts.id))!.createdAt).toISOString()
  expect(await leased.promise).toBe(createdAt)
  expect((await store.read('acme', facts.id, 0))?.header.createdAt).toBe(createdAt)
})
