import { isFinal } from '@codemode/shared'
import { sql } from 'kysely'

import type {
  CountBounds,
  CountOptions,
  ExecutionGroup,
  ExecutionGroups,
  ExecutionPage,
  ListedExecution,
  ListOptions,
} from '../execution-list.ts'
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
  const { statuses, errorCode, isAttached, limit, cursor } = options
  let query = selected(db, tenant, options)
    .select([...executionColumns, 'step'])
    .select(sql<string | null>`(select id from codemode.sessions where key = executions.session_key)`.as('session_id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (statuses !== undefined) query = query.where('status', 'in', statuses)
  // Those that have not ended are few, and have an index.
  if (statuses?.every((status) => !isFinal(status))) query = query.where('finished_at', 'is', null)
  // So have those that have not succeeded.
  if (statuses?.every((status) => status === 'failed' || status === 'cancelled'))
    query = query.where('outcome', '<>', sql.lit('completed'))
  if (errorCode !== undefined) query = query.where('error_code', '=', errorCode)
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

/** Counts the tenant's executions that were created in a time, without those with the given ids: only the newest of many. */
export async function countExecutions(
  { db }: Pick<ReadingParts, 'db'>,
  tenant: string,
  { options, except, max }: CountBounds & { readonly options: CountOptions },
): Promise<ExecutionGroups> {
  const { since, until, buckets } = options
  const widthMs = (until - since) / buckets
  let counted = selected(db, tenant, options)
    .select([
      'created_at',
      sql<number>`floor((extract(epoch from created_at)::float8 * 1000 - ${since}::float8) / ${widthMs}::float8)::int`.as(
        'bucket',
      ),
      sql<ExecutionGroup['outcome']>`coalesce(outcome, 'inFlight')`.as('outcome'),
      sql<string | null>`case outcome when 'failed' then error_code end`.as('errorCode'),
    ])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(max)
  if (except.length > 0) counted = counted.where(sql<boolean>`id not in (select unnest(${except}::text[]))`)
  const rows = await db
    .selectFrom(counted.as('counted'))
    .select(['bucket', 'outcome', 'errorCode', sql<number>`count(*)::int`.as('count')])
    .select(({ fn }) => fn.min('created_at').as('since'))
    .groupBy(['bucket', 'outcome', 'errorCode'])
    .execute()
  const groups = rows.map(({ bucket, outcome, errorCode, count }) => ({ bucket, outcome, errorCode, count }))
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  if (count < max) return { groups }
  return { groups, countedSince: Math.min(...rows.map(({ since }) => since.getTime())) }
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
