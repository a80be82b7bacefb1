// Work on the database for commands of an operator, without an executor.
import type { Journal } from '@codemode/shared'

import type { EncryptionKey } from '../../encryption-keys.ts'
import type { StepJournal } from '../session-store.ts'
import { openPool, type ConnectionOptions } from './connection-pool.ts'
import { createDatabase } from './database.ts'
import { findRuntime } from './guest-runtimes.ts'
import { migrateStore } from './migrate.ts'
import { isUnreadable, Payloads } from './payload.ts'
import { headerOf, readEntries } from './read-journal.ts'
import { readJournalsBefore } from './sessions/step-journals.ts'
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

/** Journal of an execution that has not ended. */
export interface UnfinishedJournal extends Journal {
  /** Journals that are replayed before that of a step of a session which has started. */
  readonly earlier: readonly StepJournal[]
}

/** Executions in a database that have not ended. */
export interface UnfinishedExecutions extends AsyncDisposable {
  /** Yields their journals, the oldest execution first. In place of one that cannot be decrypted, yields the reason. */
  journals(): AsyncGenerator<UnfinishedJournal | string>
  /** Returns the text of a guest runtime; undefined if there is none. */
  findRuntime(hash: string): Promise<string | undefined>
}

/** Opens a database to read the executions that have not ended. Its methods reject with STORE_UNAVAILABLE. */
export function openUnfinished(url: string, encryptionKeys: readonly EncryptionKey[]): UnfinishedExecutions {
  const db = createDatabase(openPool(connectionTo(url)))
  const payloads = new Payloads({ keys: encryptionKeys, onUnreadable: () => {} })
  return {
    journals: () => unfinishedJournals({ db, payloads }),
    findRuntime: (hash) => findRuntime(db, hash),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

async function* unfinishedJournals(parts: ReadingParts): AsyncGenerator<UnfinishedJournal | string> {
  for (let after = '0'; ;) {
    const rows = await parts.db
      .selectFrom('executions')
      .select(['key', 'tenant', 'id', 'header', 'created_at'])
      .where('key', '>', after)
      .where('finished_at', 'is', null)
      .orderBy('key')
      .limit(pageSize)
      .execute()
    for (const { header, ...row } of rows) if (header !== null) yield await journalOf(parts, { ...row, header })
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

async function journalOf(
  parts: ReadingParts,
  row: Parameters<typeof headerOf>[0] & ExecutionKey,
): Promise<UnfinishedJournal | string> {
  try {
    const header = headerOf(row, parts.payloads)
    const entries = await readEntries(parts, row)
    const hasEarlier = header.session !== undefined && entries.length > 0
    return { header, entries, earlier: hasEarlier ? await readJournalsBefore(parts, row) : [] }
  } catch (error) {
    if (isUnreadable(error)) return `${row.id}: ${((error as Error).cause as Error).message}`
    throw error
  }
}
