// Work on the database for commands of an operator, without an executor.
import type { Journal } from '@codemode/shared'

import type { EncryptionKey } from '../../encryption-keys.ts'
import { openPool, type ConnectionOptions } from './connection-pool.ts'
import { createDatabase } from './database.ts'
import { findRuntime } from './guest-runtimes.ts'
import { migrateStore } from './migrate.ts'
import { isUnreadable, Payloads } from './payload.ts'
import { headerOf, readEntries } from './read-journal.ts'
import { readSessionJournals } from './sessions/step-journals.ts'
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

/** Executions and durable sessions in a database that have not ended. */
export interface UnfinishedExecutions extends AsyncDisposable {
  /**
   * Yields the journals of each, in the order of their replay: one of an execution; of a session, those of the steps that make its
   * state, and of the step that runs or runs next. In place of one that cannot be decrypted, yields the reason.
   */
  journals(): AsyncGenerator<readonly Journal[] | string>
  /** Returns the text of a guest runtime; undefined if there is none. */
  findRuntime(hash: string): Promise<string | undefined>
}

/** Opens a database to read the executions that have not ended. Its methods reject with STORE_UNAVAILABLE. */
export function openUnfinished(url: string, encryptionKeys: readonly EncryptionKey[]): UnfinishedExecutions {
  const db = createDatabase(openPool(connectionTo(url)))
  const payloads = new Payloads({ keys: encryptionKeys, onUnreadable: () => {} })
  return {
    async *journals() {
      yield* unfinishedExecutions({ db, payloads })
      yield* sessions({ db, payloads })
    },
    findRuntime: (hash) => findRuntime(db, hash),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

async function* unfinishedExecutions(parts: ReadingParts): AsyncGenerator<readonly Journal[] | string> {
  for (let after = '0'; ;) {
    const rows = await parts.db
      .selectFrom('executions')
      .select(['key', 'tenant', 'id', 'header', 'created_at'])
      .where('key', '>', after)
      .where('finished_at', 'is', null)
      .where('session_key', 'is', null)
      .orderBy('key')
      .limit(pageSize)
      .execute()
    for (const { header, ...row } of rows)
      if (header !== null) yield await readable(row.id, () => journalOf(parts, { ...row, header }))
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

/** Yields the journals of sessions whose steps have run or wait. */
async function* sessions(parts: ReadingParts): AsyncGenerator<readonly Journal[] | string> {
  for (let after = '0'; ;) {
    const rows = await parts.db
      .selectFrom('sessions')
      .select(['key', 'id'])
      .where('key', '>', after)
      .where('ended_at', 'is', null)
      .orderBy('key')
      .limit(pageSize)
      .execute()
    for (const { key, id } of rows) {
      const journals = await readable(id, () => readSessionJournals(parts, key))
      if (journals.length > 0) yield journals
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

async function journalOf(
  parts: ReadingParts,
  row: Parameters<typeof headerOf>[0] & ExecutionKey,
): Promise<readonly Journal[]> {
  return [{ header: headerOf(row, parts.payloads), entries: await readEntries(parts, row) }]
}

/** Returns journals, or the reason for which they can't be decrypted. */
async function readable(id: string, read: () => Promise<readonly Journal[]>): Promise<readonly Journal[] | string> {
  try {
    return await read()
  } catch (error) {
    if (isUnreadable(error)) return `${id}: ${((error as Error).cause as Error).message}`
    throw error
  }
}
