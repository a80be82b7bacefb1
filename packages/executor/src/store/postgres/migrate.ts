// Brings the schema of a database up to date. Several nodes that start at once do this one after the other.
import { setTimeout as delay } from 'node:timers/promises'

import { Migrator } from 'kysely/migration'
import pg from 'pg'

import { clientConfig, openPool, type ConnectionOptions } from './connection-pool.ts'
import { createDatabase, storeSchema } from './database.ts'
import { installJobs } from './job-server.ts'
import { migrations } from './migrations.ts'
import { toStoreError } from './store-errors.ts'

/** Key of the advisory lock that a node holds while it migrates: the first eight bytes of SHA-256 of `codemode migrate`. */
const migrationLock = '-645878362555521786'
/** Milliseconds to wait for another node that migrates. */
const lockWaitMs = 60_000
const lockPollMs = 100
/** Milliseconds for a statement of a migration, which may build an index of a large table. */
const statementTimeoutMs = 600_000

/** Creates or updates the tables of the store and of pg-boss. */
export async function migrateStore(options: ConnectionOptions): Promise<void> {
  const slow = { ...options, maxConnections: 2, statementTimeoutMs }
  const client = new pg.Client(clientConfig(slow))
  client.on('error', () => {})
  try {
    await client.connect()
    await acquireLock(client)
    await migrateTables(slow)
    await installJobs(slow)
  } catch (error) {
    throw toStoreError(error)
  } finally {
    // Ends the session and with it the lock.
    await client.end().catch(() => {})
  }
}

async function acquireLock(client: pg.Client): Promise<void> {
  for (let waitedMs = 0; waitedMs <= lockWaitMs; waitedMs += lockPollMs) {
    const { rows } = await client.query<{ acquired: boolean }>('select pg_try_advisory_lock($1) as acquired', [
      migrationLock,
    ])
    if (rows[0]?.acquired === true) return
    await delay(lockPollMs)
  }
  throw new Error(`another node has been migrating the store for ${lockWaitMs} ms`)
}

async function migrateTables(options: ConnectionOptions): Promise<void> {
  const db = createDatabase(openPool(options))
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: () => Promise.resolve(migrations) },
      migrationTableSchema: storeSchema,
    })
    // The migrator refuses a database that a newer release has migrated, which an older node may start on in a deploy.
    const known = await migrator.getMigrations()
    if (known.every(({ executedAt }) => executedAt !== undefined)) return
    const { error } = await migrator.migrateToLatest()
    if (error !== undefined) throw error
  } finally {
    await db.destroy()
  }
}
