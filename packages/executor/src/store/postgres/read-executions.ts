import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'
import { sql } from 'kysely'

import type { ExecutionPage, ListOptions, StoredExecution } from '../execution-store.ts'
import type { ExecutionRow } from './database.ts'
import { executionColumns, executionOf } from './execution-row.ts'
import { decodeCursor, encodeCursor } from './list-cursor.ts'
import { encodeText, type Payloads } from './payload.ts'
import type { ExecutionKey, ReadingParts } from './store-parts.ts'

/** Returns the tenant's execution with this id. */
export async function findExecution(
  { db, payloads }: ReadingParts,
  tenant: string,
  id: string,
): Promise<StoredExecution | undefined> {
  const row = await db
    .selectFrom('executions')
    .select(executionColumns)
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('is_tombstone', '=', false)
    .executeTakeFirst()
  return row && executionOf(row, payloads)
}

/** Returns a page of the tenant's executions, newest first. Executions that are created later do not shift the pages. */
export async function listExecutions(
  { db, payloads }: ReadingParts,
  tenant: string,
  options: ListOptions,
): Promise<ExecutionPage> {
  const { owner, status, label, isAttached, since, limit, cursor } = options
  let query = db
    .selectFrom('executions')
    .select(executionColumns)
    .where('tenant', '=', tenant)
    .where('is_tombstone', '=', false)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (owner !== undefined) query = query.where('owner', '=', owner)
  if (status !== undefined) query = query.where('status', '=', status)
  if (label !== undefined) query = query.where('label', '=', encodeText(label))
  if (isAttached !== undefined) query = query.where('is_attached', '=', sql.lit(isAttached))
  if (since !== undefined) query = query.where('created_at', '>=', new Date(since))
  if (cursor !== undefined) {
    const { createdAt, id } = decodeCursor(cursor)
    query = query.where(sql<boolean>`(created_at, id) < (${new Date(createdAt)}, ${id})`)
  }
  const items = (await query.execute()).map((row) => executionOf(row, payloads))
  const last = items[limit - 1]
  if (items.length <= limit || last === undefined) return { items, nextCursor: null }
  return {
    items: items.slice(0, limit),
    nextCursor: encodeCursor({ createdAt: last.createdAt, id: last.facts.id }),
  }
}

/** Returns the journal of an execution, with its entries after the first `after` ones. */
export async function readJournal(
  parts: ReadingParts,
  { tenant, id, after }: { readonly tenant: string; readonly id: string; readonly after: number },
): Promise<Journal | undefined> {
  const row = await parts.db
    .selectFrom('executions')
    .select(['key', 'tenant', 'id', 'header', 'created_at'])
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined || row.header === null) return undefined
  return {
    header: headerOf({ ...row, header: row.header }, parts.payloads),
    entries: await readEntries(parts, row, after),
  }
}

/** Returns the stored header, with the time of creation by the clock of the database and not by that of a node. */
export function headerOf(
  { tenant, id, header, created_at }: Pick<ExecutionRow, 'tenant' | 'id' | 'created_at'> & { readonly header: string },
  payloads: Payloads,
): JournalHeader {
  const stored = payloads.decode(header, { tenant, id, kind: 'header' }) as JournalHeader
  return { ...stored, createdAt: created_at.toISOString() }
}

/** Returns the entries of a journal, without the first `after` ones. */
export async function readEntries(
  { db, payloads }: ReadingParts,
  { key, tenant, id }: ExecutionKey,
  after = 0,
): Promise<JournalEntry[]> {
  const rows = await db
    .selectFrom('entries')
    .select(['position', 'payload'])
    .where('key', '=', key)
    .where('position', '>=', after)
    .orderBy('position')
    .execute()
  return rows.map(
    ({ position, payload }) => payloads.decode(payload, { tenant, id, kind: 'entry', position }) as JournalEntry,
  )
}
