import type { JournalEntry, JournalHeader } from '@codemode/shared'
import { sql } from 'kysely'

import type { StoredExecution } from '../execution-store.ts'
import type { Database, ExecutionRow } from './database.ts'
import { claimedExecutionOf, executionColumns } from './execution-row.ts'
import { headerOf, readEntries } from './read-journal.ts'
import { readClaimedStep, type ClaimedStep } from './sessions/claimed-step.ts'
import type { ReadingParts } from './store-parts.ts'

/** Row of an execution that this node has claimed. */
export interface ClaimedRow extends ExecutionRow {
  readonly header: string
  readonly expires_in_ms: number
}

/** Execution that this node has claimed. */
export interface ClaimedExecution {
  readonly key: string
  readonly epoch: number
  readonly execution: StoredExecution
  readonly header: JournalHeader
  readonly entries: readonly JournalEntry[]
  readonly expiresInMs: number
  /** Absent for an execution that is no step. */
  readonly step?: ClaimedStep | undefined
}

/**
 * Claims executions: increments their epochs under an exclusive lock of their rows, taken in the order of the keys. Appends
 * of earlier holders that were begun before have been committed then, and later ones are refused. Executions that have
 * ended, or do not exist, are left out.
 */
export async function claimExecutions(db: Database, node: string, keys: readonly string[]): Promise<ClaimedRow[]> {
  const columns = executionColumns.map((column) => sql.ref(`e.${column}`))
  const { rows } = await sql<ClaimedRow>`
    with runnable as materialized (
      select key from codemode.executions
      where key = any(${keys}::bigint[]) and finished_at is null and not is_tombstone
      order by key
      for no key update
    )
    update codemode.executions e set epoch = e.epoch + 1, node = ${node}, parked_for = null
    from runnable where e.key = runnable.key
    returning ${sql.join(columns)}, e.epoch, e.header, e.session_key, e.step, e.base_step,
      (extract(epoch from e.expires_at - now()) * 1000)::float8 as expires_in_ms`.execute(db)
  return rows
}

/** Returns a claimed execution with its journal. Rejects with STORE_UNAVAILABLE if it cannot be decrypted. */
export async function readClaimed(parts: ReadingParts, row: ClaimedRow): Promise<ClaimedExecution> {
  const { key, epoch, session_key } = row
  const header = headerOf(row, parts.payloads)
  return {
    key,
    epoch,
    execution: claimedExecutionOf(row, parts.payloads),
    header,
    entries: epoch === 1 ? [] : await readEntries(parts, row),
    expiresInMs: row.expires_in_ms,
    ...(session_key !== null && {
      step: await readClaimedStep(parts.db, header.session!.id, { ...row, session_key }),
    }),
  }
}
