import type { Journal, JournalEntry } from '@codemode/shared'
import { sql } from 'kysely'

import type { ExecutionPage, ListOptions } from '../execution-store.ts'
import { headerOf } from './claim-executions.ts'
import type { Database, ExecutionRow } from './database.ts'
import { executionColumns, executionOf } from './execution-row.ts'
import { decodeCursor, encodeCursor } from './list-cursor.ts'
import { decodePayload, encodeText } from './payload.ts'

/** Ids by which an execution is found. */
export interface ExecutionIds {
  readonly tenant: string
  readonly id: string
}

/** Row of an execution without its header. */
export type FoundRow = Pick<ExecutionRow, (typeof executionColumns)[number]>

/** Returns the row of each of these executions; undefined for one that does not exist. */
export async function findExecutions(db: Database, wanted: readonly ExecutionIds[]): Promise<(FoundRow | undefined)[]> {
  const columns = executionColumns.map((column) => sql.ref(`e.${column}`))
  const { rows } = await sql<FoundRow>`
    select ${sql.join(columns)}
    from codemode.executions e
    join unnest(${wanted.map(({ tenant }) => tenant)}::text[], ${wanted.map(({ id }) => id)}::text[])
      as wanted (tenant, id) on e.tenant = wanted.tenant and e.id = wanted.id
    where not e.is_tombstone`.execute(db)
  const found = new Map(rows.map((row) => [placeOf(row), row]))
  return wanted.map((ids) => found.get(placeOf(ids)))
}

const placeOf = ({ tenant, id }: ExecutionIds) => `${id} ${tenant}`

/** Returns a page of the tenant's executions, newest first. Executions that are created later do not shift the pages. */
export async function listExecutions(db: Database, tenant: string, options: ListOptions): Promise<ExecutionPage> {
  const { owner, status, label, since, limit, cursor } = options
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

interface JournalRow {
  /** Position of the entry; -1 of the header. */
  readonly position: number
  readonly payload: string | null
  readonly created_at: Date
}

/** Returns the journal of an execution, with its entries after the first `after` ones. */
export async function readJournal(
  db: Database,
  { tenant, id, after }: ExecutionIds & { readonly after: number },
): Promise<Journal | undefined> {
  const { rows } = await sql<JournalRow>`
    with execution as materialized (
      select key, header, created_at from codemode.executions where tenant = ${tenant} and id = ${id}
    )
    select -1 as position, header as payload, created_at from execution
    union all
    select entries.position, entries.payload, null from execution join codemode.entries using (key)
    where entries.position >= ${after}
    order by position`.execute(db)
  const [header, ...entries] = rows
  if (header === undefined || header.payload === null) return undefined
  return {
    header: headerOf(header.payload, header.created_at),
    entries: entries.map(({ payload }) => decodePayload(payload!) as JournalEntry),
  }
}
