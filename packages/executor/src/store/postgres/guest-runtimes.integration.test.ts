import { expect, test } from 'vitest'

import { migrateDatabase } from './administration.ts'
import { deleteOldRuntimes, saveRuntime, touchRuntime } from './guest-runtimes.ts'
import { openParts, query, startStore, useServer } from './postgres-store.test-support.ts'

const servers = useServer()

test('a node stores its guest runtime when it starts, and every node can read it', async () => {
  const url = await servers.createDatabase()
  await using _first = await startStore(url, { runtime: { hash: 'one', text: 'code of one' } })
  await using second = await startStore(url, { runtime: { hash: 'two', text: 'code of two' } })
  await using _third = await startStore(url, { runtime: { hash: 'two', text: 'code of two' } })
  expect(await second.findRuntime('one')).toBe('code of one')
  expect(await second.findRuntime('two')).toBe('code of two')
  expect(await second.findRuntime('three')).toBeUndefined()
})

test('a runtime is deleted when no node has had it for longer than an execution can live, unless a session needs it', async () => {
  const url = await servers.createDatabase()
  await migrateDatabase(url)
  await using parts = await openParts(url)
  for (const hash of ['old', 'waiting', 'running', 'session', 'ended'])
    await saveRuntime(parts.db, { hash, text: 'code' })
  await query(url, `update codemode.guest_runtimes set used_at = now() - interval '33 days' where hash <> 'waiting'`)
  await query(url, `update codemode.guest_runtimes set used_at = now() - interval '31 days' where hash = 'waiting'`)
  await query(
    url,
    `insert into codemode.sessions (tenant, id, owner, isolation, idle_timeout_ms, expires_at, runtime, ended_at)
     select 'acme', hash, 'ann', 'tenant', 1, now(), json_build_object('guestRuntime', hash), case hash when 'ended' then now() end
     from codemode.guest_runtimes where hash in ('session', 'ended')`,
  )
  await touchRuntime(parts.db, 'running')
  await deleteOldRuntimes(parts.db)
  expect(await query(url, 'select hash from codemode.guest_runtimes order by hash')).toEqual([
    { hash: 'running' },
    { hash: 'session' },
    { hash: 'waiting' },
  ])
})
