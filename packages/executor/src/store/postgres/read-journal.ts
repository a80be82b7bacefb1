import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'
import { sql } from 'kysely'

import type { ExecutionRow } from './database.ts'
import type { Payloads } from './payload.ts'
import type { ExecutionIds } from './read-executions.ts'
import type { ExecutionKey, ReadingParts } from './store-parts.ts'

/** Row of a journal: the header, or an entry. */
interface JournalRow {
  /** Position of the entry; -1 of the header. */
  readonly position: number
  readonly payload: string | null
  readonly created_at: Date
}

/** Returns the journal of an execution, with its entries after the first `after` ones. */
export async function readJournal(
  { db, payloads }: ReadingParts,
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
  const [first, ...entries] = rows
  if (first === undefined || first.payload === null) return undefined
  return {
    header: headerOf({ tenant, id, header: first.payload, created_at: first.created_at }, payloads),
    entries: entries.map(({ position, payload }) => entryOf(payloads, { tenant, id, position, payload: payload! })),
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

/** Returns the entries of a journal. */
export async function readEntries(
  { db, payloads }: ReadingParts,
  { key, tenant, id }: ExecutionKey,
): Promise<JournalEntry[]> {
  const rows = await db
    .selectFrom('entries')
    .select(['position', 'payload'])
    .where('key', '=', key)
    .orderBy('position')
    .execute()
  return rows.map((row) => entryOf(payloads, { tenant, id, ...row }))
}

/** Returns the entry of a stored text. */
export function entryOf(
  payloads: Payloads,
  { payload, ...place }: ExecutionIds & Pick<JournalRow, 'position'> & { readonly payload: string },
): JournalEntry {
  return payloads.decode(payload, { ...place, kind: 'entry' }) as JournalEntry
}
