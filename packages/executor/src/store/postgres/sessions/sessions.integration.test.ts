import { newExecutionId, newSessionId } from '@codemode/shared'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { openUnfinished } from '../administration.ts'
import { answer, openParts, query, startStore, useServer, writesEnded } from '../postgres-store.test-support.ts'
import type { PostgresStore } from '../postgres-store.ts'
import { Retention } from '../retention.ts'
import type { StoreParts } from '../store-parts.ts'
import { SessionExpiry } from './expire-sessions.ts'
import { addStep, bounds, HoldingWorker, newSession, newStep, sessionFacts } from './sessions.test-support.ts'

const servers = useServer()
let url: string
let store: PostgresStore
let parts: StoreParts & AsyncDisposable
const node = new HoldingWorker()

beforeAll(async () => {
  url = await servers.createDatabase()
  store = await startStore(url)
  parts = await openParts(url)
  store.work(node)
})
afterAll(async () => {
  await parts[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

/** Adds a step with the given code, runs it to its end, and returns its id. */
async function runStep(session: string, code: string, stateKept = true): Promise<string> {
  const id = await addStep(store, session, code)
  await (await node.take(id)).end({ stateKept })
  return id
}

/** Adds a step, and returns the codes of the steps from whose state it starts. Ends it without a state. */
async function codesBefore(session: string): Promise<string[]> {
  const id = await addStep(store, session, 'probe')
  const held = await node.take(id)
  const journals = await store.sessions.journalsBefore('acme', id)
  for (const { header, entries } of journals) expect(entries).toMatchObject([{ text: header.code }])
  expect(held.lease.step!.stateOf).toBe(journals.at(-1)?.header.executionId)
  await held.end({ stateKept: false })
  return journals.map(({ header }) => header.code)
}

const fork = (session: string, atStep?: number) =>
  store.sessions.fork('acme', session, { id: newSessionId(), label: undefined, atStep })

const countEntries = () => query(url, 'select count(*)::int as count from codemode.entries')

/** Returns the entries with a text that are stored. */
const storedEntries = (text: string) =>
  query(url, "select 1 from codemode.entries where payload::json ->> 'text' = $1", [text])

/** Makes all executions that have ended look old, and deletes what is no longer kept. */
async function deleteOld(): Promise<void> {
  await query(
    url,
    "update codemode.executions set finished_at = now() - interval '8 days' where finished_at is not null",
  )
  await new Retention(parts.db, 7 * 86_400_000).deleteOld()
  await writesEnded(url)
}

/** Ends and deletes the sessions whose time has come. */
async function expireSessions(): Promise<void> {
  await new SessionExpiry(parts.db).expire()
  await writesEnded(url)
}

/** Makes a session look as if nobody has used it for longer than it lives. */
const age = (id: string) =>
  query(url, "update codemode.sessions set expires_at = now() - interval '1 s' where id = $1", [id])

test('a session is created once, found, and listed newest first; another tenant has none of it', async () => {
  const tenant = newSessionId()
  const { sessions } = store
  const facts = sessionFacts({
    tenant,
    label: 'a\0b',
    context: { user: { name: '\u{10400}\0' } },
    config: { a: [1] },
    memoryLimitMb: 64,
    isolation: 'execution',
    reuseIsolates: false,
  })
  const created = await sessions.create(facts)
  expect(created).toEqual({
    type: 'found',
    isNew: true,
    session: {
      facts,
      createdAt: expect.any(Number) as number,
      lastUsedAt: expect.any(Number) as number,
      steps: 0,
      pendingSteps: 0,
      sizeBytes: 0,
    },
  })
  const attached = await sessions.create({ ...facts, context: {}, owner: 'bob' })
  expect(attached).toEqual({ ...created, isNew: false })
  expect(await sessions.find(tenant, facts.id)).toEqual({
    type: 'found',
    session: attached.type === 'found' && attached.session,
  })

  const others = Array.from({ length: 4 }, (_, n) =>
    sessionFacts({ tenant, owner: n < 2 ? 'bob' : 'ann', label: `${n % 2}` }),
  )
  for (const other of others) await sessions.create(other)
  await query(url, 'update codemode.sessions set created_at = now() where tenant = $1', [tenant])
  const ids = [facts, ...others]
    .map(({ id }) => id)
    .toSorted()
    .toReversed()
  const first = await sessions.list(tenant, { limit: 3 })
  const { createdAt, facts: last } = first.at(-1)!
  const second = await sessions.list(tenant, { limit: 3, before: { createdAt, id: last.id } })
  expect([...first, ...second].map((session) => session.facts.id)).toEqual(ids)
  const filtered = await sessions.list(tenant, { limit: 9, owner: 'ann', label: '1' })
  expect(filtered).toMatchObject([{ facts: { id: others[3]!.id } }])

  const { id } = facts
  expect(await sessions.find('acme', id)).toBeUndefined()
  expect(await sessions.steps('acme', id)).toEqual([])
  expect(await sessions.reset('acme', id)).toBeUndefined()
  expect(await sessions.end('acme', id)).toBe(false)
  expect(await sessions.fork('acme', id, { id: newSessionId(), label: undefined, atStep: undefined })).toEqual({
    type: 'no-session',
  })
  expect(await sessions.addStep(id, newStep('1'), bounds)).toEqual({ type: 'no-session' })
  const step = newStep('1', { tenant })
  expect(await sessions.addStep(id, step, bounds)).toMatchObject({ type: 'created' })
  expect(await sessions.journalsBefore('acme', step.facts.id)).toEqual([])
  await (await node.take(step.facts.id)).end()
})

test('a fork at any step shares the journals up to it, and is independent of its source', async () => {
  const session = await newSession(store, { label: 'source', context: { a: 1 } })
  await runStep(session, 'a')
  await runStep(session, 'b', false)
  await runStep(session, 'c')
  const held = await node.take(await addStep(store, session, 'd'))
  const before = await countEntries()
  const codes = { 0: [], 1: ['a'], 2: ['a'], 3: ['a', 'c'] }
  const forks: string[] = []
  expect(await fork(session, 4)).toEqual({ type: 'not-ended' })
  for (const atStep of [0, 1, 2, 3] as const) {
    const forked = await fork(session, atStep)
    expect(forked).toMatchObject({ type: 'created', session: { facts: { context: { a: 1 }, label: undefined } } })
    expect(forked).toMatchObject({ session: { steps: atStep, pendingSteps: 0 } })
    forks.push((forked as { session: { facts: { id: string } } }).session.facts.id)
  }
  expect(await countEntries()).toEqual(before)
  await held.end()
  for (const [atStep, expected] of Object.entries(codes)) {
    const id = forks[Number(atStep)]!
    expect(await codesBefore(id)).toEqual(expected)
    await runStep(id, 'own')
    expect(await codesBefore(id)).toEqual([...expected, 'own'])
    expect((await store.sessions.steps('acme', id)).at(-1)).toMatchObject({ number: Number(atStep) + 3, code: 'probe' })
  }
  expect(await codesBefore(session)).toEqual(['a', 'c', 'd'])
  const last = await fork(session)
  const { id } = (last as { session: { facts: { id: string } } }).session.facts
  await store.sessions.end('acme', session)
  expect(await codesBefore(id)).toEqual(['a', 'c', 'd'])
  expect(await fork(id, 7)).toEqual({ type: 'no-step', lastStep: 6 })
  const existing = { id: forks[0]!, label: undefined, atStep: undefined }
  expect(await store.sessions.fork('acme', id, existing)).toEqual({ type: 'exists' })
  expect(await fork(session)).toEqual({ type: 'session-ended' })
})

test('a reset makes later steps start without variables, and leaves those that wait their state', async () => {
  const session = await newSession(store)
  await runStep(session, 'a')
  const held = await node.take(await addStep(store, session, 'b'))
  const waiting = await addStep(store, session, 'c')
  const reset = await store.sessions.reset('acme', session)
  expect(reset).toMatchObject({ session: { steps: 0, pendingSteps: 2, sizeBytes: 0 } })
  const later = await addStep(store, session, 'd')
  await held.end()
  const third = await node.take(waiting)
  expect(await store.sessions.journalsBefore('acme', waiting)).toMatchObject([
    { header: { code: 'a' } },
    { header: { code: 'b' } },
  ])
  await third.end()
  const fourth = await node.take(later)
  expect(fourth.lease).toMatchObject({
    header: { session: { step: 4 } },
    step: { isBlocked: false, stateOf: undefined },
  })
  expect(await store.sessions.journalsBefore('acme', later)).toEqual([])
  await fourth.end()
  expect(await store.sessions.steps('acme', session)).toMatchObject([{ number: 4, code: 'd' }])
  expect(await fork(session, 2)).toEqual({ type: 'no-step', lastStep: 4 })
  const forked = await fork(session, 0)
  expect(forked).toMatchObject({ session: { steps: 0 } })
  const { id } = (forked as { session: { facts: { id: string } } }).session.facts
  await runStep(id, 'own')
  expect(await codesBefore(id)).toEqual(['own'])
})

test('the end of a session cancels its steps; its id is remembered for a day', async () => {
  const session = await newSession(store)
  const ids = [await addStep(store, session), await addStep(store, session), await addStep(store, session)]
  const first = await node.take(ids[0]!)
  const { promise: told, resolve } = Promise.withResolvers<void>()
  first.lease.onMessage(resolve)
  expect(await store.sessions.end('acme', session)).toBe(true)
  await told
  for (const id of ids) {
    const held = id === ids[0] ? first : await node.take(id)
    const messages = await held.lease.messages()
    expect(messages.map(({ message }) => message)).toEqual([{ kind: 'cancel', reason: 'the session was ended' }])
    expect(held.lease.step!.isBlocked).toBe(id !== ids[0])
    await held.end({ stateKept: false })
  }
  const { sessions } = store
  const ended = { type: 'ended' }
  const expectEnded = async () => {
    expect(await sessions.find('acme', session)).toEqual(ended)
    expect(await sessions.create(sessionFacts({ id: session }))).toEqual({ ...ended, isNew: false })
    expect(await sessions.reset('acme', session)).toEqual(ended)
    expect(await sessions.end('acme', session)).toBe(false)
    expect(await sessions.addStep(session, newStep('1'), bounds)).toEqual({ type: 'session-ended' })
    expect(await sessions.steps('acme', session)).toEqual([])
  }
  await expectEnded()
  const listed = await sessions.list('acme', { limit: 200 })
  expect(listed.map(({ facts }) => facts.id)).not.toContain(session)
  await query(url, "update codemode.sessions set ended_at = now() - interval '23 h' where id = $1", [session])
  await expireSessions()
  await expectEnded()
  await query(url, "update codemode.sessions set ended_at = now() - interval '25 h' where id = $1", [session])
  await expireSessions()
  expect(await sessions.find('acme', session)).toBeUndefined()
  expect(await sessions.create(sessionFacts({ id: session }))).toMatchObject({ isNew: true, session: { steps: 0 } })
})

test('a step of a session that has ended does not start, also if its turn has come', async () => {
  const session = await newSession(store)
  const id = await addStep(store, session)
  const held = await node.take(id)
  await store.sessions.end('acme', session)
  await held.lease.release()
  const again = await node.take(id)
  expect(again.lease.step).toMatchObject({ isBlocked: true })
  await again.end({ stateKept: false })
  await held.park().catch(() => false)
})

test('a session expires that is not used for long, unless a step is pending', async () => {
  const { sessions } = store
  const session = await newSession(store)
  const held = await node.take(await addStep(store, session))
  await age(session)
  await expireSessions()
  expect(await sessions.find('acme', session)).toMatchObject({ session: { pendingSteps: 1 } })
  await held.end()
  await expireSessions()
  expect(await sessions.find('acme', session)).toMatchObject({ session: { pendingSteps: 0 } })

  // Its end is seen before maintenance has found it.
  await age(session)
  expect(await sessions.find('acme', session)).toEqual({ type: 'ended' })
  expect(await sessions.addStep(session, newStep('1'), bounds)).toEqual({ type: 'session-ended' })
  expect(await sessions.reset('acme', session)).toEqual({ type: 'ended' })
  const listed = await sessions.list('acme', { limit: 200 })
  expect(listed.map(({ facts }) => facts.id)).not.toContain(session)
  const rows = () =>
    query(url, 'select payload is null as is_empty, ended_at is null as is_live from codemode.sessions where id = $1', [
      session,
    ])
  await expireSessions()
  expect(await rows()).toEqual([{ is_empty: true, is_live: false }])
})

test('the journals that a session or a fork starts from are kept, however old they are', async () => {
  const session = await newSession(store)
  await runStep(session, 'kept')
  await runStep(session, 'old')
  const forked = await fork(session, 1)
  const { id: branch } = (forked as { session: { facts: { id: string } } }).session.facts
  const other = newStep('other')
  await store.create(other)
  await (await node.take(other.facts.id)).end()
  await deleteOld()
  expect(await store.find('acme', other.facts.id)).toBeUndefined()
  expect(await codesBefore(session)).toEqual(['kept', 'old'])
  await store.sessions.end('acme', session)
  await deleteOld()
  expect(await codesBefore(branch)).toEqual(['kept'])
  expect(await storedEntries('old')).toEqual([])
  expect(await storedEntries('kept')).toHaveLength(1)
  // After a reset nothing starts from the steps before it.
  await store.sessions.reset('acme', branch)
  await deleteOld()
  expect(await codesBefore(branch)).toEqual([])
  expect(await storedEntries('kept')).toEqual([])
})

test('the journals from before a reset are kept until the steps have ended that were accepted before it', async () => {
  const session = await newSession(store)
  await runStep(session, 'before the reset')
  const id = await addStep(store, session, 'pending')
  const held = await node.take(id)
  await store.sessions.reset('acme', session)
  await deleteOld()
  expect(await store.sessions.journalsBefore('acme', id)).toMatchObject([{ entries: [{ text: 'before the reset' }] }])
  await held.end()
  await deleteOld()
  expect(await storedEntries('before the reset')).toEqual([])
  expect(await storedEntries('pending')).toEqual([])
})

test('a session takes no step beyond its bounds, nor one with other versions, until it is reset', async () => {
  const session = await newSession(store)
  await runStep(session, 'a')
  const { sessions } = store
  const add = (more: Partial<typeof bounds>, guestRuntime = '') => {
    const step = newStep('1', { id: newExecutionId() })
    const runtime = { ...step.header.runtime, guestRuntime }
    return sessions.addStep(session, { ...step, header: { ...step.header, runtime } }, { ...bounds, ...more })
  }
  expect(await add({ steps: 1 })).toEqual({ type: 'full', bound: 'steps' })
  expect(await add({ journalBytes: 100 })).toEqual({ type: 'full', bound: 'journalBytes' })
  expect(await add({ replayCpuMs: 2 })).toEqual({ type: 'full', bound: 'replayCpuMs' })
  const { runtime } = newStep('1').header
  expect(await add({}, 'newer')).toEqual({ type: 'other-runtime', runtime })
  expect(await sessions.find('acme', session)).toMatchObject({ session: { steps: 1 } })
  await sessions.reset('acme', session)
  const step = newStep('1')
  const newer = { ...step.header, runtime: { ...runtime, guestRuntime: 'newer' } }
  expect(await sessions.addStep(session, { ...step, header: newer }, { ...bounds, steps: 1 })).toEqual({
    type: 'created',
    number: 2,
    waits: false,
  })
  await (await node.take(step.facts.id)).end()
  expect(await add({})).toEqual({ type: 'other-runtime', runtime: newer.runtime })

  const tenant = newSessionId()
  const ofTenant = () => ({ ...newStep('1', { tenant }), maxQueued: 1 })
  const [first, second] = [ofTenant(), ofTenant()]
  await sessions.create(sessionFacts({ id: session, tenant }))
  expect(await sessions.addStep(session, first, bounds)).toMatchObject({ type: 'created' })
  expect(await sessions.addStep(session, second, bounds)).toEqual({ type: 'too-many-queued' })
  await (await node.take(first.facts.id)).end()
})

test('the journals of a session are those of its state and of the next step, in order', async () => {
  const session = await newSession(store)
  await runStep(session, 'a')
  const id = await addStep(store, session, 'b')
  const held = await node.take(id)
  const waiting = await addStep(store, session, 'c')
  await held.lease.append([answer(1)])
  await using unfinished = openUnfinished(url, [])
  const found: unknown[] = []
  for await (const journals of unfinished.journals())
    if (typeof journals !== 'string' && journals[0]?.header.session?.id === session) found.push(journals)
  expect(found).toMatchObject([
    [
      { header: { code: 'a' }, entries: [{ text: 'a' }] },
      { header: { executionId: id }, entries: [{}] },
    ],
  ])
  await held.end()
  await (await node.take(waiting)).end()
})
