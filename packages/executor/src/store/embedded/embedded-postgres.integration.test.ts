// Real servers, owned by real processes that are killed.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from 'node:process'

import pg from 'pg'
import { describe, expect, test } from 'vitest'

import { isRoot, isServer, nobody, numbers, query, useServerFolder } from './server-folder.test-support.ts'

const data = useServerFolder()

test('a server starts on an empty folder, admits connections by its socket only, and stops with its owner', async () => {
  const owner = data.startOwner({ variables: { CODEMODE_API_KEY: 'a-secret-of-the-executor' } })
  const report = await owner.report
  expect(report).toMatchObject({ isAdopted: false, connection: { user: 'codemode', database: 'codemode' } })
  const settings = await query(
    report,
    `select name, setting from pg_settings where name in ('fsync', 'listen_addresses', 'data_checksums') order by name`,
  )
  expect(settings).toEqual([
    { name: 'data_checksums', setting: 'on' },
    { name: 'fsync', setting: 'on' },
    { name: 'listen_addresses', setting: '' },
  ])
  const byUrl = new pg.Client(report.url)
  await byUrl.connect()
  expect((await byUrl.query('select current_database() as name')).rows).toEqual([{ name: 'codemode' }])
  await byUrl.end()
  expect(statSync(report.connection.host).mode & 0o077).toBe(0)
  const pid = data.serverPid!
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('a-secret-of-the-executor')

  expect(await owner.stop()).toBe(0)
  expect(isServer(pid)).toBe(false)
  expect(existsSync(report.connection.host)).toBe(false)
  expect(readFileSync(join(data.dataDir, 'postgres.log'), 'utf8')).toContain('received fast shutdown request')

  const again = await data.startOwner().report
  expect(again.isAdopted).toBe(false)
})

test('a server survives the SIGKILL of its owner and is adopted with its data, five times in a row', async () => {
  let owner = data.startOwner()
  await query(await owner.report, 'create table kept (n int)')
  const pid = data.serverPid
  for (const n of [1, 2, 3, 4, 5]) {
    await query(await owner.report, 'insert into kept values ($1)', [n])
    await owner.killGroup()
    owner = data.startOwner()
    const report = await owner.report
    expect(report.isAdopted).toBe(true)
    expect(await numbers(report)).toEqual([1, 2, 3, 4, 5].slice(0, n))
    expect(data.serverPid).toBe(pid)
  }
  expect(await owner.stop()).toBe(0)
  await expect.poll(() => isServer(pid!)).toBe(false)
})

test('a server that is killed is started again at the same address, with its data', async () => {
  const report = await data.startOwner().report
  await query(report, 'create table kept (n int)')
  for (const n of [1, 2, 3]) {
    await query(report, 'insert into kept values ($1)', [n])
    const pid = data.serverPid!
    kill(pid, 'SIGKILL')
    await expect.poll(async () => numbers(report).catch(() => [])).toEqual([1, 2, 3].slice(0, n))
    expect(data.serverPid).not.toBe(pid)
  }
})

test('an owner and its server that are both killed leave data that the next owner recovers', async () => {
  const owner = data.startOwner()
  const report = await owner.report
  await query(report, 'create table kept as select 1 as n')
  await owner.killGroup()
  kill(data.serverPid!, 'SIGKILL')
  const next = await data.startOwner().report
  expect(next.isAdopted).toBe(false)
  expect(await numbers(next)).toEqual([1])
  expect(existsSync(report.connection.host)).toBe(false)
})

test('an owner waits for a server that is shutting down, and starts it again', async () => {
  const owner = data.startOwner()
  const report = await owner.report
  await query(report, 'create table kept as select 1 as n')
  await owner.killGroup()
  const client = new pg.Client(report.connection)
  client.on('error', () => {})
  await client.connect()
  const pid = data.serverPid!
  // A smart shutdown waits for this connection and answers all others with 57P03.
  kill(pid, 'SIGTERM')
  await expect.poll(async () => query(report, 'select 1').catch((error: pg.DatabaseError) => error.code)).toBe('57P03')
  const next = data.startOwner()
  await client.end()
  expect(await numbers(await next.report)).toEqual([1])
  expect(data.serverPid).not.toBe(pid)
})

describe('of two owners', () => {
  test('the second is told who holds the server, and leaves it alone', async () => {
    const first = data.startOwner()
    const report = await first.report
    const second = data.startOwner()
    const { name, message } = await second.report
    expect(name).toBe('EmbeddedPostgresError')
    expect(message).toContain(`belongs to codemode-executor, process ${first.pid} on `)
    expect(message).toContain('CODEMODE_DATABASE_URL')
    expect(await second.exited).toEqual([1, null])
    expect(await query(report, 'select 1 as n')).toEqual([{ n: 1 }])
    await first.killGroup()
    expect(await data.startOwner().report).toMatchObject({ isAdopted: true })
  })

  test('that start at the same time on an empty folder, one gets the server', async () => {
    const reports = await Promise.all([data.startOwner().report, data.startOwner().report])
    const [ready, refused] = reports.toSorted((one) => (one.url === undefined ? 1 : -1))
    expect(refused?.message).toContain('Only one executor can own it')
    expect(await query(ready!, 'select 1 as n')).toEqual([{ n: 1 }])
    expect(data.unfinished).toEqual([])
  })
})

test('an interrupted initdb is not taken for data, and is removed', async () => {
  const isUnderWay = () => data.unfinished.some((name) => existsSync(join(data.dataDir, name, 'PG_VERSION')))
  for (;;) {
    const owner = data.startOwner()
    await expect.poll(() => isUnderWay() || existsSync(data.folder)).toBe(true)
    await owner.killGroup()
    if (!existsSync(data.folder)) break
    // It had ended before the kill.
    await data.removeServer()
  }
  expect(data.unfinished).toHaveLength(1)
  expect(existsSync(data.folder)).toBe(false)
  const report = await data.startOwner().report
  expect(await query(report, 'select 1 as n')).toEqual([{ n: 1 }])
  expect(data.unfinished).toEqual([])
})

test('a lock file whose process is another program by now does not prevent the start', async () => {
  const owner = data.startOwner()
  await query(await owner.report, 'create table kept as select 1 as n')
  const { uid, gid } = statSync(data.folder)
  await owner.killGroup()
  const killed = data.serverPid!
  kill(killed, 'SIGKILL')
  await expect.poll(() => isServer(killed)).toBe(false)
  const other = spawn('sleep', ['600'], isRoot ? { uid, gid } : {})
  const path = join(data.folder, 'postmaster.pid')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(other.pid)))
  const report = await data.startOwner().report
  expect(await numbers(report)).toEqual([1])
  other.kill()
})

test.runIf(isRoot)('an executor without root runs the server itself, and root adopts it', async () => {
  const owner = data.startOwner({ user: nobody })
  const report = await owner.report
  expect(await query(report, 'select 1 as n')).toEqual([{ n: 1 }])
  expect(execFileSync('stat', ['-c', '%u', `/proc/${data.serverPid}`], { encoding: 'utf8' }).trim()).toBe('65534')
  await owner.killGroup()
  expect(await data.startOwner({ user: [] }).report).toMatchObject({ isAdopted: true })
})
