import { sql } from 'kysely'

import type { FoundSession, SessionListOptions, StoredSession } from '../../session-store.ts'
import { encodeText } from '../payload.ts'
import type { ReadingParts } from '../store-parts.ts'
import { isOver } from './session-conditions.ts'
import {
  findSessionRow,
  foundColumns,
  readableSessionOf,
  sessionOf,
  totals,
  type FoundSessionRow,
  type SessionIds,
} from './session-row.ts'

/** Returns a session; undefined if there is none. */
export async function findSession({ db, payloads }: ReadingParts, ids: SessionIds): Promise<FoundSession | undefined> {
  const row = await findSessionRow(db, ids)
  if (row === undefined) return undefined
  return row.is_over ? { type: 'ended' } : { type: 'found', session: sessionOf(row, payloads) }
}

/** Returns a page of the tenant's sessions that have not ended, newest first. */
export async function listSessions(
  { db, payloads }: ReadingParts,
  tenant: string,
  { owner, label, limit, before }: SessionListOptions,
): Promise<StoredSession[]> {
  const conditions = [
    sql`s.tenant = ${tenant} and s.ended_at is null and not ${isOver}`,
    ...(owner === undefined ? [] : [sql`s.owner = ${owner}`]),
    ...(label === undefined ? [] : [sql`s.label = ${encodeText(label)}`]),
    ...(before === undefined ? [] : [sql`(s.created_at, s.id) < (${new Date(before.createdAt)}, ${before.id})`]),
  ]
  const { rows } = await sql<FoundSessionRow>`
    with page as materialized (
      select * from codemode.sessions s
      where ${sql.join(conditions, sql` and `)}
      order by s.created_at desc, s.id desc
      limit ${limit}
    )
    select ${foundColumns} from page s ${totals}
    order by s.created_at desc, s.id desc`.execute(db)
  return rows.map((row) => readableSessionOf(row, payloads))
}
