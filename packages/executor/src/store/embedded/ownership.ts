import { hostname } from 'node:os'
import { pid } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'

import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { connectionTo } from './running-server.ts'
import type { SocketAddress } from './socket-folder.ts'

/** Key of the advisory lock that the executor holds which owns the server. */
const lockKey = 0x636d6f64
/** Milliseconds to wait for the lock of an executor that is about to end. */
const waitMs = 3_000
const retryMs = 100

/** Hold on a server. It ends with the executor's process, however that ends, because the server sees its connection close. */
export interface Ownership {
  /** Resolves when the connection has ended, on purpose or because the server has. */
  readonly lost: Promise<void>
  release(): Promise<void>
}

/**
 * Makes this executor the owner of a server, and creates its database. Rejects with `EmbeddedPostgresError` if another
 * executor owns it.
 */
export async function own(address: SocketAddress, database: string): Promise<Ownership> {
  const client = new pg.Client({
    ...connectionTo(address, 'postgres'),
    application_name: `codemode-executor, process ${pid} on ${hostname().slice(0, 20)}`,
    connectionTimeoutMillis: 10_000,
  })
  const lost = Promise.withResolvers<void>()
  client.on('error', () => {})
  client.on('end', () => lost.resolve())
  try {
    await client.connect()
    await lock(client)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`)
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
  return { lost: lost.promise, release: () => client.end().catch(() => {}) }
}

async function lock(client: pg.Client): Promise<void> {
  for (let leftMs = waitMs; ; leftMs -= retryMs) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [lockKey])
    if (rows[0]?.locked === true) return
    if (leftMs <= 0) throw await ownedByAnother(client)
    await delay(retryMs)
  }
}

async function ownedByAnother(client: pg.Client): Promise<EmbeddedPostgresError> {
  const { rows } = await client.query<{ name: string; since: Date }>(
    `select application_name as name, backend_start as since from pg_stat_activity
     where pid in (select pid from pg_locks where locktype = 'advisory' and granted and classid = 0 and objid = $1)`,
    [lockKey],
  )
  const [holder] = rows
  const who = holder === undefined ? 'another executor' : `${holder.name}, since ${holder.since.toISOString()}`
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL belongs to ${who}. Only one executor can own it. Stop that one, or give this one another ` +
      'CODEMODE_DATA_DIR. For several executors on one database, run a PostgreSQL server and set CODEMODE_DATABASE_URL for ' +
      'each of them.',
  )
}
