import { connect, startExecutor, startPostgres, type PostgresServer } from '@codemode/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { databaseOf, executorCommand as command } from '../support/store-command.ts'

let server: PostgresServer
let database: ReturnType<typeof databaseOf>
beforeEach(async () => {
  server = await startPostgres()
  database = databaseOf(server)
})
afterEach(() => server[Symbol.asyncDispose]())

test('migrate creates the tables, and may be repeated', async () => {
  const env = { CODEMODE_DATABASE_URL: server.url }
  const done = { exitCode: 0, stdout: 'The database is up to date.\n', stderr: '' }
  expect(await command('migrate', env)).toEqual(done)
  expect(await database.query('select count(*)::int as n from codemode.executions')).toEqual([{ n: 0 }])
  expect(await command('migrate', env)).toEqual(done)
})

test('check-waiting replays what waits, and fails if it would not continue', { tags: ['JB-4'] }, async () => {
  const databaseUrl = server.url
  const executor = await startExecutor({ databaseUrl, parkAfterMs: 100 })
  const client = connect(executor)
  const ended = await client.submit('return 1', { detached: true })
  await ended.wait()
  const { id } = await client.submit('console.log(Math.random()); await sleep(3_600_000); return 2', { detached: true })
  await expect.poll(() => database.statusOf(id)).toBe('waiting')
  await client.close()
  await executor.close({ drainMs: 0 })

  const env = { CODEMODE_DATABASE_URL: databaseUrl }
  const good = await command('check-waiting', env)
  expect(good).toMatchObject({ exitCode: 0, stderr: '' })
  expect(good.stdout).toContain(`${id}: replayed 1 turns as recorded in the journal`)
  expect(good.stdout).not.toContain(ended.id)
  expect(good.stdout).toContain('Of 1 unfinished executions, 1 would continue and 0 would need attention.')

  await database.query(`update codemode.entries set payload = replace(payload, '"level":"log"', '"level":"warn"')`)
  const diverged = await command('check-waiting', env)
  expect(diverged.exitCode).toBe(1)
  expect(diverged.stdout).toContain(`${id}: REPLAY_DIVERGED in turn 1`)
  expect(diverged.stdout).toContain('Of 1 unfinished executions, 0 would continue and 1 would need attention.')
})

test.each(['migrate', 'check-waiting'])('%s without a database says how to name one', async (name) => {
  const { exitCode, stderr } = await command(name, {})
  expect(exitCode).toBe(1)
  expect(stderr).toContain('CODEMODE_DATABASE_URL=postgres://')
})

test('migrate of a database that does not answer says so in time', async () => {
  await server.stop()
  const { exitCode, stderr } = await command('migrate', { CODEMODE_DATABASE_URL: server.url })
  expect(exitCode).toBe(1)
  expect(stderr).toContain('The store did not answer in time')
  expect(stderr).not.toMatch(/^ +at /m)
  await server.start()
})
