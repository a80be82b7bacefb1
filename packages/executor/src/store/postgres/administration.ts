// Work on the database for commands of an operator, without an executor.
import type { Journal } from '@codemode/shared'

import type { EncryptionKey } from '../../encryption-keys.ts'
import { openPool, type ConnectionOptions } from './connection-pool.ts'
import { createDatabase } from './database.ts'
import { migrateStore } from './migrate.ts'
import { isUnreadable, Payloads } from './payload.ts'
import { headerOf, readEntries } from './read-executions.ts'
import type { ExecutionKey, ReadingParts } from './store-parts.ts'

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

/**
 * Yields the journals of all executions that have started and not ended, the oldest first. In place of one that cannot be
 * decrypted, yields the reason.
 */
export async function* waitingJournals(
  url: string,
  encryptionKeys: readonly EncryptionKey[],
): AsyncGenerator<Journal | string> {
  const db = createDatabase(openPool(connectionTo(url)))
  const payloads = new Payloads({ keys: encryptionKeys, onUnreadable: () => {} })
  try {
    for (let after = '0'; ;) {
      const rows = await db
        .selectFrom('executions')
        .select(['key', 'tenant', 'id', 'header', 'created_at'])
        .where('key', '>', after)
        .where('finished_at', 'is', null)
        .where('started_at', 'is not', null)
        .orderBy('key')
        .limit(pageSize)
        .execute()
      for (const { header, ...row } of rows) {
        if (header !== null) yield await journalOf({ db, payloads }, { ...row, header })
      }
      const last = rows.at(-1)
      if (last === undefined) return
      after = last.key
    }
  } finally {
    await db.destroy()
  }
}

async function journalOf(parts: ReadingParts, row: Parameters<typeof headerOf>[0] & ExecutionKey) {
  try {
    return { header: headerOf(row, parts.payloads), entries: await readEntries(parts, row) }
  } catch (error) {
    if (isUnreadable(error)) return `${row.id}: ${((error as Error).cause as Error).message}`
    throw error
  }
}
