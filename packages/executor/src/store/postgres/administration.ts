// Work on the database for commands of an operator, without an executor.
import type { Journal, JournalHeader } from '@codemode/shared'

import { readEntries } from './claim-executions.ts'
import { openPool, type ConnectionOptions } from './connection-pool.ts'
import { createDatabase } from './database.ts'
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

/** Yields the journals of all executions that have started and not ended, the oldest first. */
export async function* waitingJournals(url: string): AsyncGenerator<Journal> {
  const db = createDatabase(openPool(connectionTo(url)))
  try {
    for (let after = '0'; ;) {
      const rows = await db
        .selectFrom('executions')
        .select(['key', 'header'])
        .where('key', '>', after)
        .where('finished_at', 'is', null)
        .where('started_at', 'is not', null)
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
  } finally {
    await db.destroy()
  }
}
