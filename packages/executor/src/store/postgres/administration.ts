// Work on the database for commands of an operator, without an executor.
import type { Journal, JournalHeader } from '@codemode/shared'

import { readEntries } from './claim-executions.ts'
import { openPool, type ConnectionOptions } from './connection-pool.ts'
import { createDatabase, type Database } from './database.ts'
import { findRuntime } from './guest-runtimes.ts'
import { migrateStore } from './migrate.ts'
import { decodePayload } from './payload.ts'

/** Number of executions that are read at once. */
const pageSize = 100

const connectionTo = (url: string): ConnectionOptions => ({
  url,
  maxConnections: 2,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 60_000,
})

/** Creates or updates the tables. Rejects with STORE_UNAVAILABLE if the database does not answer. */
export function migrateDatabase(url: string): Promise<void> {
  return migrateStore(connectionTo(url))
}

/** Executions in a database that have not ended. */
export interface UnfinishedExecutions extends AsyncDisposable {
  /** Yields their journals, the oldest execution first. */
  journals(): AsyncGenerator<Journal>
  /** Returns the text of a guest runtime; undefined if there is none. */
  findRuntime(hash: string): Promise<string | undefined>
}

/** Opens a database to read the executions that have not ended. Its methods reject with STORE_UNAVAILABLE. */
export function openUnfinished(url: string): UnfinishedExecutions {
  const db = createDatabase(openPool(connectionTo(url)))
  return {
    journals: () => unfinishedJournals(db),
    findRuntime: (hash) => findRuntime(db, hash),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

async function* unfinishedJournals(db: Database): AsyncGenerator<Journal> {
  for (let after = '0'; ;) {
    const rows = await db
      .selectFrom('executions')
      .select(['key', 'header'])
      .where('key', '>', after)
      .where('finished_at', 'is', null)
      .orderBy('key')
      .limit(pageSize)
      .execute()
    for (const { key, header } of rows) {
      if (header === null) continue
      yield { header: decodePayload(header) as JournalHeader, entries: await readEntries(db, key, 0) }
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.key
  }
}
