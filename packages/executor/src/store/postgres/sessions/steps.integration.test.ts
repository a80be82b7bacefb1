import { newExecutionId } from '@codemode/shared'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { LeaseLost, type Lease } from '../../execution-store.ts'
import { claimExecutions } from '../claim-executions.ts'
import { commitGroup, type Commit } from '../commit-group.ts'
import { wakeExpired, wakeForgotten } from '../maintenance.ts'
import { openParts, query, startStore, useServer, worker } from '../postgres-store.test-support.ts'
import type { PostgresStore } from '../postgres-store.ts'
import type { StoreParts } from '../store-parts.ts'
import { addStep, bounds, endStep, HoldingWorker, newSession, newStep, stepEnd } from './sessions.test-support.ts'

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

/** Adds steps, whose codes are their numbers, and returns the ids of their executions. */
async function addSteps(session: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 1; n <= count; n++) ids.push(await addStep(store, session, String(n)))
  return ids
}

/** Returns the only row of a statement about an execution. */
async function rowOf(id: string, columns: string) {
  return (await query(url, `select ${columns} from codemode.executions where id = $1`, [id]))[0]!
}

/** Returns the processes of statements that wait for a lock. */
const blocked = () =>
  query(url, "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")

/** Waits until a statement of another connection waits for a lock, and returns its process. */
async function untilBlocked(): Promise<number> {
  await expect.poll(blocked).toHaveLength(1)
  return Number((await blocked())[0]!['pid'])
}

/** Lets other work go first, this number of times. */
async function yieldTimes(times: number): Promise<void> {
  for (let n = 0; n < times; n++) await new Promise((resolve) => setImmediate(resolve))
}

test('the steps of a session run one after the other, each from the states that were kept before it', async () => {
  const session = await newSession(store)
  const [a = '', b = '', c = ''] = await addSteps(session, 3)
  const first = await node.take(a)
  expect(first.lease).toMatchObject({
    step: { session, isBlocked: false, stateOf: undefined, rebuild: { journalBytes: 0, replayCpuMs: 0 } },
    header: { code: '1', session: { id: session, step: 1 } },
  })
  expect(await store.sessions.journalsBefore('acme', a)).toEqual([])
  await first.end()
  const second = await node.take(b)
  expect(second.lease.step).toMatchObject({ session, isBlocked: false, stateOf: a })
  await second.end({ stateKept: false })
  const third = await node.take(c)
  const rebuild = { journalBytes: 100, replayCpuMs: 2 }
  expect(third.lease.step).toMatchObject({ session, isBlocked: false, stateOf: a, rebuild })
  const journals = await store.sessions.journalsBefore('acme', c)
  expect(journals).toMatchObject([{ header: { code: '1', session: { step: 1 } }, entries: [{ text: '1' }] }])
  expect(await store.sessions.find('acme', session)).toMatchObject({
    session: { steps: 3, pendingSteps: 1, sizeBytes: 200 },
  })
  await third.end({ variables: undefined })
  expect(await store.sessions.steps('acme', session)).toEqual([
    { number: 1, executionId: a, status: 'completed', code: '1', stateKept: true, variables: stepEnd.variables },
    { number: 2, executionId: b, status: 'completed', code: '2', stateKept: false, variables: undefined },
    { number: 3, executionId: c, status: 'completed', code: '3', stateKept: true, variables: undefined },
  ])
  expect(node.untaken).toEqual([])
})

test('steps that two nodes add at the same time are numbered without gaps, and run in this order', async () => {
  const ownUrl = await servers.createDatabase()
  await using first = await startStore(ownUrl)
  await using second = await startStore(ownUrl)
  const session = await newSession(first)
  const ran: number[] = []
  let running = 0
  const run = async (lease: Lease) => {
    expect((running += 1)).toBe(1)
    await lease.append([])
    ran.push(lease.header.session!.step)
    running -= 1
    await endStep(lease)
  }
  const added = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      Promise.all([first, second].map((each) => each.sessions.addStep(session, newStep(String(n)), bounds))),
    ),
  )
  const all = Array.from({ length: 40 }, (_, n) => n + 1)
  const numbersOf = (which: number) => added.map((pair) => (pair[which] as { number: number }).number)
  expect([...numbersOf(0), ...numbersOf(1)].toSorted((a, b) => a - b)).toEqual(all)
  for (const which of [0, 1]) expect(numbersOf(which)).toEqual(numbersOf(which).toSorted((a, b) => a - b))
  first.work(worker('a', run))
  second.work(worker('b', run))
  await expect.poll(() => ran).toHaveLength(40)
  expect(ran).toEqual(all)
})

test('the wake-up of a step is never lost, however its addition and the end of the step before interleave', async () => {
  const ownUrl = await servers.createDatabase()
  await using first = await startStore(ownUrl)
  await using second = await startStore(ownUrl)
  await using own = await openParts(ownUrl)
  const ending = new Map<string, PromiseWithResolvers<void>>()
  const ended = new Map<string, PromiseWithResolvers<void>>()
  let next = 0
  const run = async (lease: Lease) => {
    const { id } = lease.execution.facts
    ending.get(id)!.resolve()
    await yieldTimes((next += 7) % 40)
    await endStep(lease)
    ended.get(id)!.resolve()
  }
  first.work(worker('a', run))
  second.work(worker('b', run))
  const add = async (session: string) => {
    const id = newExecutionId()
    ending.set(id, Promise.withResolvers())
    ended.set(id, Promise.withResolvers())
    const added = await second.sessions.addStep(session, newStep('1', { id }), bounds)
    expect(added).toMatchObject({ type: 'created' })
    return { id, waits: (added as { waits: boolean }).waits }
  }
  const sessions = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const session = await newSession(first)
      return { session, last: (await add(session)).id }
    }),
  )
  const waited = { true: 0, false: 0 }
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      sessions.map(async (each, index) => {
        await ending.get(each.last)!.promise
        await yieldTimes((round * 11 + index * 5) % 40)
        const [{ id, waits }] = await Promise.all([add(each.session), ended.get(each.last)!.promise])
        waited[`${waits}`] += 1
        each.last = id
      }),
    )
    expect(await wakeForgotten(own.db, own.wakeUps)).toBe(0)
  }
  await Promise.all(sessions.map(({ last }) => ended.get(last)!.promise))
  expect(waited.true).toBeGreaterThan(0)
  expect(waited.false).toBeGreaterThan(0)
})

test('the next step is woken once if the connection breaks while the end of a step is committed', async () => {
  const session = await newSession(store)
  const [a = '', b = ''] = await addSteps(session, 2)
  const first = await node.take(a)
  let end: Promise<void> | undefined
  await parts.db.transaction().execute(async (trx) => {
    await trx.selectFrom('executions').select('key').where('id', '=', a).forUpdate().execute()
    end = first.end()
    await query(url, 'select pg_terminate_backend($1)', [await untilBlocked()])
  })
  await end
  const second = await node.take(b)
  expect(second.lease).toMatchObject({ epoch: 1, step: { isBlocked: false, stateOf: a } })
  await second.end()
})

test('an end that is committed again, because its answer was lost, wakes the next step once, and that of a stale holder none', async () => {
  const ownUrl = await servers.createDatabase()
  await using own = await startStore(ownUrl)
  await using ownParts = await openParts(ownUrl)
  const session = await newSession(own)
  await addStep(own, session)
  await addStep(own, session)
  const rows = await query(ownUrl, 'select key, session_key from codemode.executions order by key')
  const [key = '', next = ''] = rows.map((row) => String(row['key']))
  await claimExecutions(ownParts.db, 'a', [key])
  await claimExecutions(ownParts.db, 'b', [key])
  const jobs = () =>
    query(ownUrl, "select singleton_key as key from codemode_jobs.job where state = 'created' order by created_on")
  const endOf = (epoch: number, isRepeated: boolean): Commit => ({
    key,
    epoch,
    tenant: 'acme',
    owner: 'ann',
    topic: key,
    position: 0,
    entries: [],
    payloads: [],
    change: { status: 'completed', finishedAt: Date.now() },
    ending: { type: 'finish', job: { id: '00000000-0000-0000-0000-000000000000', retryCount: 0, key } },
    step: { ...stepEnd, sessionKey: String(rows[0]!['session_key']), variables: null },
    isRepeated,
  })
  const commit = async (end: Commit) => [...(await commitGroup(ownParts.db, ownParts, [end])).values()]
  for (const isRepeated of [false, true]) expect(await commit(endOf(1, isRepeated))).toEqual(['lost'])
  expect(await jobs()).toEqual([{ key }])
  for (const isRepeated of [false, true]) expect(await commit(endOf(2, isRepeated))).toEqual(['committed'])
  expect(await jobs()).toEqual([{ key }, { key: next }])
})

test('the holder of a stale lease of a step gets LeaseLost, and the step after it waits', async () => {
  const session = await newSession(store)
  const [a = '', b = ''] = await addSteps(session, 2)
  const first = await node.take(a)
  await claimExecutions(parts.db, 'other', [String((await rowOf(a, 'key'))['key'])])
  await expect(first.end()).rejects.toBeInstanceOf(LeaseLost)
  expect(await rowOf(a, 'status, state_kept')).toEqual({ status: 'queued', state_kept: null })
  expect(await rowOf(b, 'epoch')).toEqual({ epoch: 0 })
  // The wake-up of the stale holder is delivered again, as after its crash.
  await query(url, "update codemode_jobs.job set state = 'retry' where state = 'active'")
  await (await node.take(a)).end()
  await (await node.take(b)).end()
})

test('a step that waits is claimed because of a message, has no turn, and is claimed again when it is the next one', async () => {
  const session = await newSession(store)
  const [a = '', b = '', c = ''] = await addSteps(session, 3)
  const first = await node.take(a)
  expect(await wakeForgotten(parts.db, parts.wakeUps)).toBe(0)

  await store.post('acme', b, { kind: 'wake' })
  const blocked = await node.take(b)
  expect(blocked.lease.step).toMatchObject({ isBlocked: true })
  const [message] = await blocked.lease.messages()
  expect(await blocked.park({ handled: message!.number })).toBe(true)
  expect(await wakeForgotten(parts.db, parts.wakeUps)).toBe(0)

  await store.post('acme', c, { kind: 'cancel', reason: 'enough' })
  const cancelled = await node.take(c)
  expect(cancelled.lease.step).toMatchObject({ isBlocked: true })
  await cancelled.end({ stateKept: false })
  await store.post('acme', b, { kind: 'wake' })
  const held = await node.take(b)
  expect(held.lease.step).toMatchObject({ isBlocked: true })

  await first.end()
  const [again] = await held.lease.messages()
  expect(await held.park({ handled: again!.number })).toBe(true)
  const second = await node.take(b)
  expect(second.lease).toMatchObject({ epoch: 3, step: { isBlocked: false, stateOf: a } })
  await second.end()
  expect(node.untaken).toEqual([])
})

test('the end of a step that waits does not wake an earlier one that is parked', async () => {
  const session = await newSession(store)
  const [a = '', b = '', c = ''] = await addSteps(session, 3)
  await (await node.take(a)).park({ change: { status: 'paused' } })
  await store.post('acme', b, { kind: 'cancel' })
  await (await node.take(b)).end({ stateKept: false })
  const key = String((await rowOf(a, 'key'))['key'])
  const wakeUps = "select 1 from codemode_jobs.job where singleton_key = $1 and state <= 'active'"
  expect(await query(url, wakeUps, [key])).toEqual([])
  await store.post('acme', a, { kind: 'wake' })
  await (await node.take(a)).end()
  await (await node.take(c)).end()
  expect(node.untaken).toEqual([])
})

test('a step that waits is claimed when its life is over, and ends without those before it', async () => {
  const session = await newSession(store)
  const [a = '', b = '', c = ''] = await addSteps(session, 3)
  const first = await node.take(a)
  await query(url, "update codemode.executions set expires_at = now() - interval '1 s' where id = $1", [b])
  await wakeExpired(parts.db, parts.wakeUps)
  const expired = await node.take(b)
  expect(expired.lease.step).toMatchObject({ isBlocked: true })
  expect(expired.lease.expiresInMs).toBeLessThan(0)
  await expired.end({ stateKept: false })
  expect(await rowOf(c, 'epoch')).toEqual({ epoch: 0 })
  await first.end()
  const third = await node.take(c)
  expect(third.lease.step).toMatchObject({ isBlocked: false, stateOf: a })
  await third.end()
})

test('a next step whose wake-up is gone is found; one that waits for others, or for a message, is not', async () => {
  const ownUrl = await servers.createDatabase()
  await using own = await startStore(ownUrl)
  await using ownParts = await openParts(ownUrl)
  const session = await newSession(own)
  const [a, b] = [await addStep(own, session), await addStep(own, session)]
  await query(ownUrl, 'delete from codemode_jobs.job')
  expect(await wakeForgotten(ownParts.db, ownParts.wakeUps)).toBe(1)
  const holder = new HoldingWorker()
  const working = own.work(holder)
  await (await holder.take(a)).end()
  const second = await holder.take(b)
  await second.park({ change: { status: 'paused' } })
  await working.stop()
  expect(await wakeForgotten(ownParts.db, ownParts.wakeUps)).toBe(0)
  const c = await addStep(own, session)
  expect(await wakeForgotten(ownParts.db, ownParts.wakeUps)).toBe(0)
  await query(ownUrl, "update codemode.executions set status = 'cancelled', finished_at = now() where id = $1", [b])
  expect(await wakeForgotten(ownParts.db, ownParts.wakeUps)).toBe(1)
  own.work(holder)
  await (await holder.take(c)).end()
})

test('a step that exists is not added again, whatever has become of it and its session', async () => {
  const session = await newSession(store)
  const id = newExecutionId()
  const step = newStep('1', { id })
  const { sessions } = store
  const added = await Promise.all([sessions.addStep(session, step, bounds), sessions.addStep(session, step, bounds)])
  const exists = { type: 'exists', bodyHash: 'hash', isGone: false }
  expect(added).toEqual([{ type: 'created', number: 1, waits: false }, exists])
  await (await node.take(id)).end()
  const other = newStep('2', { id, bodyHash: 'other' })
  expect(await sessions.addStep(session, other, bounds)).toEqual(exists)
  expect(await sessions.addStep(await newSession(store), other, bounds)).toEqual(exists)
  await sessions.end('acme', session)
  expect(await sessions.addStep(session, other, bounds)).toEqual(exists)
  await query(url, 'update codemode.executions set is_tombstone = true where id = $1', [id])
  expect(await sessions.addStep(session, step, bounds)).toEqual({ ...exists, isGone: true })

  const execution = newStep('1')
  await store.create(execution)
  expect(await sessions.addStep(await newSession(store), execution, bounds)).toEqual(exists)
  await (await node.take(execution.facts.id)).end()
})
