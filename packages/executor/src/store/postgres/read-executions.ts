import { sql } from 'kysely'

import type { ExecutionPage, ListOptions } from '../execution-store.ts'
import { Batcher } from './batcher.ts'
import type { Database } from './database.ts'
import { executionColumns, executionOf, type FoundRow } from './execution-row.ts'
import { decodeCursor, encodeCursor } from './list-cursor.ts'
import { encodeText } from './payload.ts'
import { isUnavailable } from './store-errors.ts'
import type { ReadingParts } from './store-parts.ts'

/** Maximum number of executions that are found by one statement. */
const maxFound = 64

/** Ids by which an execution is found. */
export interface ExecutionIds {
  readonly tenant: string
  readonly id: string
}

/** Returns what finds the rows of executions, of several by one statement. */
export function batchedFinds(db: Database): Batcher<ExecutionIds, FoundRow | undefined> {
  return new Batcher({
    maxItems: maxFound,
    run: (wanted) => findExecutions(db, wanted),
    // An id that the database does not take must not concern the requests of others.
    isOfOneItem: (error) => !isUnavailable(error),
  })
}

/** Returns the row of each of these executions; undefined for one that does not exist. */
async function findExecutions(db: Database, wanted: readonly ExecutionIds[]): Promise<(FoundRow | undefined)[]> {
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
