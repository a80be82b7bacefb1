import { expect, test } from 'vitest'

import {
  answer,
  complete,
  inTurn,
  newExecution,
  query,
  startStore,
  useServer,
  worker,
} from './postgres-store.test-support.ts'

const servers = useServer()

test('without notifications, other nodes take work, messages and cancellations all the same', async () => {
  const url = await servers.createDatabase(
    'create schema silent',
    "create function silent.pg_notify(text, text) returns void language sql as ''",
    "do $$ begin execute format('alter database %I set search_path = silent, pg_catalog', current_database()); end $$",
  )
  await using client = await startStore(url)
  await using node = await startStore(url)
  const execution = newExecution()
  const { run, done } = inTurn(async (lease) => {
    const arrived = new Promise<void>((resolve) => lease.onMessage(resolve))
    await client.post('acme', execution.facts.id, { kind: 'cancel' })
    await arrived
    expect(await lease.messages()).toMatchObject([{ message: { kind: 'cancel' } }])
    await complete(lease)
  })
  node.work(worker('a', run))
  await client.create(execution)
  await done
})

test('another node hears of appends and messages by notifications', async () => {
  const url = await servers.createDatabase()
  await using client = await startStore(url)
  await using node = await startStore(url)
  const execution = newExecution()
  const { id } = execution.facts
  // After the connection was made, listeners are called once in any case.
  // The second statement checks the connection later on.
  const listening = "select 1 from pg_stat_activity where query in ('listen codemode', 'select 1')"
  await expect.poll(() => query(url, listening)).toHaveLength(2)
  const appended = new Promise<void>((resolve) => client.onAppend('acme', id, () => resolve()))
  const { run, done } = inTurn(async (lease) => {
    await lease.append([answer(1)])
    await appended
    expect((await client.read('acme', id, 0))?.entries).toHaveLength(1)
    await complete(lease)
  })
  node.work(worker('a', run))
  await client.create(execution)
  await done
})

test('a listener is not called any more after it was removed', async () => {
  await using store = await startStore(await servers.createDatabase())
  const execution = newExecution()
  const calls: string[] = []
  const remove = store.onAppend('acme', execution.facts.id, () => calls.push('removed'))
  store.onAppend('acme', execution.facts.id, () => calls.push('kept'))
  remove()
  const { run, done } = inTurn((lease) => complete(lease))
  store.work(worker('a', run))
  await store.create(execution)
  await done
  expect(new Set(calls)).toEqual(new Set(['kept']))
})
