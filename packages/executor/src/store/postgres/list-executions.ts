import { isFinal } from '@codemode/shared'
import { sql } from 'kysely'

import type { CountOptions, ExecutionGroup, ExecutionPage, ListedExecution, ListOptions } from '../execution-store.ts'
import { decodeCursor, encodeCursor } from '../list-cursor.ts'
import type { Database } from './database.ts'
import { executionColumns, executionOf } from './execution-row.ts'
import { encodeText, type Payloads } from './payload.ts'
import type { ReadingParts } from './store-parts.ts'

/** Returns a page of the tenant's executions, newest first. Executions that are created later do not shift the pages. */
export async function listExecutions(
  { db, payloads }: ReadingParts,
  tenant: string,
  options: ListOptions,
): Promise<ExecutionPage> {
  const { statuses, isAttached, limit, cursor } = options
  let query = selected(db, tenant, options)
    .select([...executionColumns, 'step'])
    .select(sql<string | null>`(select id from codemode.sessions where key = executions.session_key)`.as('session_id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (statuses !== undefined) query = query.where('status', 'in', statuses)
  // Those that have not ended are few, and have an index.
  if (statuses?.every((status) => !isFinal(status))) query = query.where('finished_at', 'is', null)
  if (isAttached !== undefined) query = query.where('is_attached', '=', sql.lit(isAttached))
  if (cursor !== undefined) {
    const { createdAt, id } = decodeCursor(cursor)
    query = query.where(sql<boolean>`(created_at, id) < (${new Date(createdAt)}, ${id})`)
  }
  const items = (await query.execute()).map((row) => listedOf(row, payloads))
  const last = items[limit - 1]
  if (items.length <= limit || last === undefined) return { items, nextCursor: null }
  return {
    items: items.slice(0, limit),
    nextCursor: encodeCursor({ createdAt: last.createdAt, id: last.facts.id }),
  }
}

/** Counts the tenant's executions that were created in a time, without those with the given ids. */
export async function countExecutions(
  { db }: Pick<ReadingParts, 'db'>,
  tenant: string,
  { options, except }: { readonly options: CountOptions; readonly except: readonly string[] },
): Promise<readonly ExecutionGroup[]> {
  const { since, until, buckets } = options
  const widthMs = (until - since) / buckets
  return selected(db, tenant, options)
    .where(sql<boolean>`not exists (select from unnest(${except}::text[]) as except_id where except_id = id)`)
    .select([
      sql<number>`floor((extract(epoch from created_at)::float8 * 1000 - ${since}::float8) / ${widthMs}::float8)::int`.as(
        'bucket',
      ),
      sql<ExecutionGroup['outcome']>`case when finished_at is null then 'inFlight' else status end`.as('outcome'),
      sql<string | null>`case status when 'failed' then error_code end`.as('errorCode'),
      sql<number>`count(*)::int`.as('count'),
    ])
    .groupBy(sql`1, 2, 3`)
    .execute()
}

function selected(
  db: Database,
  tenant: string,
  { owner, label, session, since, until }: Pick<ListOptions, 'owner' | 'label' | 'session' | 'since' | 'until'>,
) {
  let query = db.selectFrom('executions').where('tenant', '=', tenant).where('is_tombstone', '=', false)
  if (owner !== undefined) query = query.where('owner', '=', owner)
  if (label !== undefined) query = query.where('label', '=', encodeText(label))
  if (since !== undefined) query = query.where('created_at', '>=', new Date(since))
  if (until !== undefined) query = query.where('created_at', '<', new Date(until))
  if (session !== undefined) {
    query = query.where(
      sql<boolean>`key in (
        select execution_key from codemode.session_steps
        where session_key = (select key from codemode.sessions where tenant = ${tenant} and id = ${session})
      )`,
    )
  }
  return query
}

function listedOf(
  row: Parameters<typeof executionOf>[0] & { readonly step: number | null; readonly session_id: string | null },
  payloads: Payloads,
): ListedExecution {
  const { session_id: id, step } = row
  return { ...executionOf(row, payloads), ...(id !== null && step !== null && { session: { id, step } }) }
}
