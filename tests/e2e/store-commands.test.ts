import { createHash, randomBytes } from 'node:crypto'

import { api, connect, startExecutor, startPostgres, type PostgresServer } from '@codemode/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { databaseOf, executorCommand as command } from '../support/store-command.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())

/** URL of the database of the test. */
let databaseUrl: string
let database: ReturnType<typeof databaseOf>
let databases = 0
beforeEach(async () => {
  databases += 1
  await databaseOf(server).query(`create database test${databases}`)
  databaseUrl = server.url.replace('/postgres?', `/test${databases}?`)
  database = databaseOf({ url: databaseUrl })
})

/** Waits until an execution is parked on a timer. */
const untilParked = (id: string) => expect.poll(() => database.statusOf(id)).toBe('waiting')

test('migrate creates the tables, and may be repeated', async () => {
  const env = { CODEMODE_DATABASE_URL: databaseUrl }
  const done = { exitCode: 0, stdout: 'The database is up to date.\n', stderr: '' }
  expect(await command('migrate', env)).toEqual(done)
  expect(await database.query('select count(*)::int as n from codemode.executions')).toEqual([{ n: 0 }])
  expect(await command('migrate', env)).toEqual(done)
})

test('check-waiting replays what waits, and fails if it would not continue', { tags: ['JB-4'] }, async () => {
  const executor = await startExecutor({ databaseUrl, parkAfterMs: 100 })
  const client = connect(executor)
  const ended = await client.submit('return 1', { detached: true })
  await ended.wait()
  const { id } = await client.submit('console.log(Math.random()); await sleep(3_600_000); return 2', { detached: true })
  await untilParked(id)
  await client.close()
  await executor.close({ drainMs: 0 })

  const env = { CODEMODE_DATABASE_URL: databaseUrl }
  const good = await command('check-waiting', env)
  expect(good).toMatchObject({ exitCode: 0, stderr: '' })
  expect(good.stdout).toContain(`${id}: replayed 1 turns as recorded in the journal`)
  expect(good.stdout).not.toContain(ended.id)
  expect(good.stdout).toContain(
    'Of 1 unfinished executions and durable sessions, 1 would continue and 0 would need attention.',
  )

  await database.query(`update codemode.entries set payload = replace(payload, '"level":"log"', '"level":"warn"')`)
  const diverged = await command('check-waiting', env)
  expect(diverged.exitCode).toBe(1)
  expect(diverged.stdout).toContain(`${id}: REPLAY_DIVERGED in turn 1`)
  expect(diverged.stdout).toContain(
    'Of 1 unfinished executions and durable sessions, 0 would continue and 1 would need attention.',
  )
})

test('check-waiting of encrypted executions needs their key, and says so without it', async () => {
  const key = `k1:${randomBytes(32).toString('base64')}`
  const executor = await startExecutor({ databaseUrl, parkAfterMs: 100, encryptionKeys: [key] })
  const client = connect(executor)
  const { id } = await client.submit('console.log("canary"); await sleep(3_600_000)', { detached: true })
  await untilParked(id)
  await client.close()
  await executor.close({ drainMs: 0 })
  const stored = await database.query(
    'select header, payload from codemode.executions join codemode.entries using (key)',
  )
  expect(JSON.stringify(stored)).toContain('aes:k1:')
  expect(JSON.stringify(stored)).not.toContain('canary')

  const env = { CODEMODE_DATABASE_URL: databaseUrl }
  const refused = await command('check-waiting', env)
  expect(refused.exitCode).toBe(1)
  expect(refused.stdout).toContain(`${id}: The key "k1", with which stored executions are encrypted, is not configured`)
  expect(refused.stdout).toContain('1 cannot be decrypted, and would wait for their key')
  const good = await command('check-waiting', { ...env, CODEMODE_ENCRYPTION_KEYS: key })
  expect(good).toMatchObject({ exitCode: 0, stderr: '' })
})

test(
  'keys in the store are created and revoked while an executor runs, also one that started without the database',
  { tags: ['OP-2'] },
  async () => {
    const env = { CODEMODE_API_KEYS: 'store', CODEMODE_DATABASE_URL: databaseUrl }
    const unmigrated = await command('keys list', env)
    expect(unmigrated).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('executor migrate') as string })

    await server.stop()
    await using executor = await startExecutor({ apiKey: undefined, apiKeys: 'store', databaseUrl })
    const ask = (key: string) => api(executor, '/v1/info', { key })
    const refused = await ask('unknown')
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'STORE_UNAVAILABLE', retryable: true } } })
    expect(refused.headers.get('retry-after')).toBe('1')
    await server.start()
    await expect.poll(async () => (await ask('unknown')).status).toBe(401)

    const created = await command('keys create --tenant acme --id web --rights run --expires 90d', env)
    expect(created).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('in the database.') as string })
    const key = created.stdout.trim()
    await expect.poll(async () => (await ask(key)).status).toBe(200)
    const [row] = await database.query('select * from codemode.api_keys')
    expect(row).toMatchObject({ id: 'web', sha256: createHash('sha256').update(key).digest('hex') })
    expect(JSON.stringify(row)).not.toContain(key)

    const [listed, taken, missing] = await Promise.all(
      ['list', 'create --tenant acme --id web', 'revoke wbe'].map((line) => command(`keys ${line}`, env)),
    )
    expect(listed!.stdout).toMatch(/^web +web +acme +run +20\d\d-.* +active$/m)
    expect(taken).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('in use in the database') as string })
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Did you mean "web"?') as string })

    expect(await command('keys revoke web', env)).toMatchObject({ exitCode: 0, stdout: '' })
    await expect.poll(async () => (await ask(key)).status).toBe(401)
  },
)

test.each(['migrate', 'check-waiting'])('%s without a database says how to name one', async (name) => {
  const { exitCode, stderr } = await command(name, {})
  expect(exitCode).toBe(1)
  expect(stderr).toContain('CODEMODE_DATABASE_URL=postgres://')
})

test('migrate of a database that does not answer says so in time', async () => {
  await server.stop()
  const { exitCode, stderr } = await command('migrate', { CODEMODE_DATABASE_URL: databaseUrl })
  expect(exitCode).toBe(1)
  expect(stderr).toContain('The store did not answer in time')
  expect(stderr).not.toMatch(/^ +at /m)
  await server.start()
})
