import type { Journal } from '@codemode/shared'
import { sql } from 'kysely'

import type { ExecutionPage, ListOptions, StoredExecution } from '../execution-store.ts'
import { headerOf, readEntries } from './claim-executions.ts'
import type { Database } from './database.ts'
import { executionColumns, executionOf } from './execution-row.ts'
import { decodeCursor, encodeCursor } from './list-cursor.ts'
import { encodeText } from './payload.ts'

/** Returns the tenant's execution with this id. */
export async function findExecution(db: Database, tenant: string, id: string): Promise<StoredExecution | undefined> {
  const row = await db
    .selectFrom('executions')
    .select(executionColumns)
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('is_tombstone', '=', false)
    .executeTakeFirst()
  return row && executionOf(row)
}

/** Returns a page of the tenant's executions, newest first. Executions that are created later do not shift the pages. */
export async function listExecutions(db: Database, tenant: string, options: ListOptions): Promise<ExecutionPage> {
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
  const items = (await query.execute()).map(executionOf)
  const last = items[limit - 1]
  if (items.length <= limit || last === undefined) return { items, nextCursor: null }
  return {
    items: items.slice(0, limit),
    nextCursor: encodeCursor({ createdAt: last.createdAt, id: last.facts.id }),
  }
}

/** Returns the journal of an execution, with its entries after the first `after` ones. */
export async function readJournal(
  db: Database,
  { tenant, id, after }: { readonly tenant: string; readonly id: string; readonly after: number },
): Promise<Journal | undefined> {
  const row = await db
    .selectFrom('executions')
    .select(['key', 'header', 'created_at'])
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined || row.header === null) return undefined
  return { header: headerOf(row.header, row.created_at), entries: await readEntries(db, row.key, after) }
}
