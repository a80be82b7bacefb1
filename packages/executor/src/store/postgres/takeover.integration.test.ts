import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execArgv, execPath, kill } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { LeaseLost, type Lease } from '../execution-store.ts'
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

const servers = useServer()
const holdingNode = fileURLToPath(new URL('holding-node.test-support.ts', import.meta.url))

/** Makes held wake-ups look as if their nodes had not touched them for a minute, while an execution was claimed only once. */
const neglect = (url: string, ...more: string[]) =>
  query(
    url,
    `update codemode_jobs.job set ${["heartbeat_on = now() - interval '1 minute'", ...more].join()}
     where state = 'active' and exists (select from codemode.executions where epoch = 1)`,
  )

test('executions of a node that was killed are run by another one, with the entries that it appended', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const node = spawn(execPath, [...execArgv, holdingNode, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: node.stdout })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('ready')
  const executions = [newExecution(), newExecution(), newExecution()]
  const ids = executions.map(({ facts }) => facts.id).toSorted()
  await Promise.all(executions.map((execution) => store.create(execution)))
  const held = [await lines.next(), await lines.next(), await lines.next()].map(({ value }) => String(value))
  expect(held.toSorted()).toEqual(ids)

  const taken: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  store.work(
    worker('second', async (lease) => {
      expect(lease.epoch).toBe(2)
      expect(lease.entries).toMatchObject([{ type: 'answer', call: 1 }])
      await complete(lease)
      taken.push(lease.execution.facts.id)
      if (taken.length === 3) resolve()
    }),
  )
  node.kill('SIGKILL')
  await once(node, 'exit')
  expect(taken).toEqual([])
  await promise
  expect(taken.toSorted()).toEqual(ids)
})

test('a node touches the wake-ups of all executions that it holds', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const end = Promise.withResolvers<void>()
  store.work(worker('a', (lease) => end.promise.then(() => complete(lease))))
  for (let n = 0; n < 3; n++) await store.create(newExecution())
  const touched = "select 1 from codemode_jobs.job where heartbeat_on > started_on + interval '1 second'"
  await expect.poll(() => query(url, touched)).toHaveLength(3)
  end.resolve()
})

test.each([
  ['was not touched in time', []],
  ['was given up by pg-boss', ['retry_limit = retry_count']],
])('an execution whose wake-up %s is claimed again, and its former holder gets LeaseLost', async (_what, more) => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const { promise: first, resolve: take } = Promise.withResolvers<Lease>()
  let second: Lease | undefined
  const end = Promise.withResolvers<void>()
  store.work(
    worker('a', async (lease) => {
      if (lease.epoch === 1) {
        take(lease)
        await end.promise
      } else {
        await complete(lease)
        second = lease
      }
    }),
  )
  await store.create(newExecution())
  const former = await first
  // The node touches its wake-ups every three seconds, also between a statement of this test and the next search for them.
  await expect.poll(() => neglect(url, ...more).then(() => second?.epoch), { interval: 500 }).toBe(2)
  await expect(former.append([answer(1)])).rejects.toBeInstanceOf(LeaseLost)
  end.resolve()
})

test('a database that is restarted under load loses no committed entry, and all executions go on', async () => {
  await using store = await startStore(await servers.createDatabase(), { onError: () => {} })
  const executions = Array.from({ length: 8 }, () => newExecution())
  const minEntries = 80
  const committed = new Map<string, number>()
  /** Returns whether an execution appends the entry with this number. It works until both restarts are over. */
  const needs = (entry: number) => entry <= minEntries || restarts < 2
  let appends = 0
  let ended = 0
  let restarts = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  let atAppend = Promise.withResolvers<void>()
  store.work(
    worker('a', async (lease) => {
      const { id } = lease.execution.facts
      expect(lease.entries.length).toBeGreaterThanOrEqual(committed.get(id) ?? 0)
      // The last one may have been committed although its answer was lost.
      committed.set(id, lease.entries.length)
      for (let call = lease.entries.length + 1; needs(call); call++) {
        await lease.append([answer(call)])
        committed.set(id, call)
        if (++appends % 150 === 0) atAppend.resolve()
      }
      await complete(lease)
      ended += 1
      if (ended === executions.length) resolve()
    }),
  )
  for (const execution of executions) await store.create(execution)
  for (; restarts < 2; restarts++) {
    await atAppend.promise
    await servers.server.restart()
    atAppend = Promise.withResolvers<void>()
  }
  await promise
  for (const { facts } of executions) {
    const journal = await store.read('acme', facts.id, 0)
    const calls = journal?.entries.map((entry) => entry.type === 'answer' && entry.call)
    expect(calls).toEqual(Array.from({ length: committed.get(facts.id)! }, (_, index) => index + 1))
    expect(calls!.length).toBeGreaterThanOrEqual(minEntries)
    expect(await store.find('acme', facts.id)).toMatchObject({ status: 'completed' })
  }
})

test('while the server is stopped, every method rejects with STORE_UNAVAILABLE, and then works again', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url, { onError: () => {} })
  const execution = newExecution()
  const { id } = execution.facts
  const unavailable = { code: 'STORE_UNAVAILABLE', httpStatus: 503 }
  await servers.server.stop()
  await expect(store.create(execution)).rejects.toMatchObject(unavailable)
  await expect(store.find('acme', id)).rejects.toMatchObject(unavailable)
  await expect(store.list('acme', { limit: 1 })).rejects.toMatchObject(unavailable)
  await expect(store.read('acme', id, 0)).rejects.toMatchObject(unavailable)
  await expect(store.post('acme', id, { kind: 'wake' })).rejects.toMatchObject(unavailable)
  await expect(startStore(url)).rejects.toMatchObject(unavailable)
  await servers.server.start()
  expect(await store.create(execution)).toEqual({ type: 'created' })
})

test('a server that does not answer is STORE_UNAVAILABLE, and its connections are not used again', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url, {
    maxConnections: 1,
    statementTimeoutMs: 2_000,
    connectTimeoutMs: 4_000,
    onError: () => {},
  })
  // The first maintenance has ended: the only connection is not in use.
  const maintained =
    "select 1 from pg_stat_activity where datname = current_database() and query like '%delete from codemode.guest_runtimes%' and pid <> pg_backend_pid()"
  await expect.poll(() => query(url, maintained)).toHaveLength(1)
  expect(await store.find('acme', '')).toBeUndefined()
  const rows = await query(
    url,
    "select pid from pg_stat_activity where datname = current_database() and application_name = 'codemode-executor'",
  )
  const pids = rows.map(({ pid }) => Number(pid))
  for (const pid of pids) kill(pid, 'SIGSTOP')
  try {
    await expect(store.find('acme', '')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect.poll(() => store.find('acme', '').catch(() => 'failed')).toBeUndefined()
  } finally {
    for (const pid of pids) kill(pid, 'SIGCONT')
  }
})

test('a lock that is not released is STORE_UNAVAILABLE', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url, { onError: () => {} })
  await using parts = await openParts(url)
  await parts.db.transaction().execute(async (trx) => {
    await sql`select set_config('idle_in_transaction_session_timeout', '0', true)`.execute(trx)
    await sql`lock codemode.executions`.execute(trx)
    await expect(store.create(newExecution())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
  expect(await store.create(newExecution())).toEqual({ type: 'created' })
})
