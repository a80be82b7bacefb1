import { execFile } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { connect, startExecutor, startPostgres, type PostgresServer } from '@codemode/testkit'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../packages/executor/src/main.ts', import.meta.url))

let server: PostgresServer
beforeEach(async () => {
  server = await startPostgres()
})
afterEach(() => server[Symbol.asyncDispose]())

/** Runs a command of `codemode-executor`, and resolves with what it has printed. */
async function command(name: string, env: Record<string, string>) {
  const run = promisify(execFile)(execPath, ['--conditions=@codemode/source', main, name], { env })
  return run.then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      exitCode: code,
      stdout,
      stderr,
    }),
  )
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

test('migrate creates the tables, and may be repeated', async () => {
  const env = { CODEMODE_DATABASE_URL: server.url }
  const done = { exitCode: 0, stdout: 'The database is up to date.\n', stderr: '' }
  expect(await command('migrate', env)).toEqual(done)
  expect(await query('select count(*)::int as n from codemode.executions')).toEqual([{ n: 0 }])
  expect(await command('migrate', env)).toEqual(done)
})

test('check-waiting replays what waits, and fails if it would not continue', { tags: ['JB-4'] }, async () => {
  const databaseUrl = server.url
  const executor = await startExecutor({ databaseUrl, parkAfterMs: 100 })
  const client = connect(executor)
  const ended = await client.submit('return 1', { detached: true })
  await ended.wait()
  const { id } = await client.submit('console.log(Math.random()); await sleep(3_600_000); return 2', { detached: true })
  const isParked = async () =>
    (await query(`select 1 from codemode.executions where id = '${id}' and node is null and status = 'waiting'`)).length
  await expect.poll(isParked).toBe(1)
  await client.close()
  await executor.close({ drainMs: 0 })

  const env = { CODEMODE_DATABASE_URL: databaseUrl }
  const good = await command('check-waiting', env)
  expect(good).toMatchObject({ exitCode: 0, stderr: '' })
  expect(good.stdout).toContain(`${id}: replayed 1 turns as recorded in the journal`)
  expect(good.stdout).not.toContain(ended.id)
  expect(good.stdout).toContain('1 waiting executions were replayed.')

  await query(`update codemode.entries set payload = replace(payload, '"level":"log"', '"level":"warn"')`)
  const diverged = await command('check-waiting', env)
  expect(diverged.exitCode).toBe(1)
  expect(diverged.stdout).toContain(`${id}: REPLAY_DIVERGED in turn 1`)
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
