import type { JournalEntry, JournalHeader } from '@codemode/shared'
import { sql } from 'kysely'

import type { StoredExecution } from '../execution-store.ts'
import type { Database, ExecutionRow } from './database.ts'
import { executionColumns, executionOf } from './execution-row.ts'
import { decodePayload } from './payload.ts'

/** Execution that this node has claimed. */
export interface ClaimedExecution {
  readonly key: string
  readonly epoch: number
  readonly execution: StoredExecution
  readonly header: JournalHeader
  readonly expiresInMs: number
}

/**
 * Claims executions: increments their epochs under an exclusive lock of their rows, taken in the order of the keys. Appends
 * of earlier holders that were begun before have been committed then, and later ones are refused. Executions that have
 * ended, or do not exist, are left out.
 */
export async function claimExecutions(
  db: Database,
  node: string,
  keys: readonly string[],
): Promise<ClaimedExecution[]> {
  const columns = executionColumns.map((column) => sql.ref(`e.${column}`))
  const { rows } = await sql<ExecutionRow & { header: string; expires_in_ms: number }>`
    with runnable as materialized (
      select key from codemode.executions
      where key = any(${keys}::bigint[]) and finished_at is null and not is_tombstone
      order by key
      for no key update
    )
    update codemode.executions e set epoch = e.epoch + 1, node = ${node}
    from runnable where e.key = runnable.key
    returning ${sql.join(columns)}, e.epoch, e.header,
      (extract(epoch from e.expires_at - now()) * 1000)::float8 as expires_in_ms`.execute(db)
  return rows.map((row) => ({
    key: row.key,
    epoch: row.epoch,
    execution: executionOf(row),
    header: headerOf(row.header, row.created_at),
    expiresInMs: row.expires_in_ms,
  }))
}

/** Returns the stored header, with the time of creation by the clock of the database and not by that of a node. */
export function headerOf(stored: string, createdAt: Date): JournalHeader {
  return { ...(decodePayload(stored) as JournalHeader), createdAt: createdAt.toISOString() }
}

/** Returns the entries of a journal after the first `after` ones. */
export async function readEntries(db: Database, key: string, after: number): Promise<JournalEntry[]> {
  const rows = await db
    .selectFrom('entries')
    .select('payload')
    .where('key', '=', key)
    .where('position', '>=', after)
    .orderBy('position')
    .execute()
  return rows.map(({ payload }) => decodePayload(payload) as JournalEntry)
}
