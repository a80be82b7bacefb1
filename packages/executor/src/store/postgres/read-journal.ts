import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'
import { sql } from 'kysely'

import { Batcher } from './batcher.ts'
import type { Database, ExecutionRow } from './database.ts'
import type { Payloads } from './payload.ts'
import type { ExecutionIds } from './read-executions.ts'
import { isStatementTimeout } from './store-errors.ts'
import type { ExecutionKey, ReadingParts } from './store-parts.ts'

/** Maximum number of journals that are read by one statement. */
export const maxJournals = 16

/** Journal to read, without its first `after` entries. */
interface JournalRange extends ExecutionIds {
  readonly after: number
}

/** Row of a journal: the header, or an entry. */
interface JournalRow {
  /** Number of the journal in the list of wanted ones. */
  readonly number: number
  /** Position of the entry; -1 of the header. */
  readonly position: number
  readonly payload: string | null
  readonly created_at: Date
}

/** Reader of journals, which reads those that are wanted at the same time by one statement. */
export class JournalReader {
  readonly #parts: ReadingParts
  readonly #rows: Batcher<JournalRange, readonly JournalRow[]>

  constructor(parts: ReadingParts) {
    this.#parts = parts
    this.#rows = new Batcher({
      maxItems: maxJournals,
      run: (wanted) => readRows(parts.db, wanted),
      // Journals that are too large for one statement are read one by one.
      isOfOneItem: isStatementTimeout,
    })
  }

  /** Returns the header of a journal with the wanted entries; undefined if there is none. */
  async read(wanted: JournalRange): Promise<Journal | undefined> {
    const { tenant, id } = wanted
    const { payloads } = this.#parts
    const [first, ...entries] = await this.#rows.run(wanted)
    if (first === undefined || first.payload === null) return undefined
    return {
      header: headerOf({ tenant, id, header: first.payload, created_at: first.created_at }, payloads),
      entries: entries.map(({ position, payload }) => entryOf(payloads, { tenant, id, position, payload: payload! })),
    }
  }
}

/** Returns the rows of each of these journals, the header before the entries. */
async function readRows(db: Database, wanted: readonly JournalRange[]): Promise<(readonly JournalRow[])[]> {
  const { rows } = await sql<JournalRow>`
    with execution as materialized (
      select number, after, key, header, created_at
      from unnest(
        ${wanted.map((_, number) => number)}::int[],
        ${wanted.map(({ tenant }) => tenant)}::text[],
        ${wanted.map(({ id }) => id)}::text[],
        ${wanted.map(({ after }) => after)}::int[]
      ) as wanted (number, tenant, id, after)
      join codemode.executions using (tenant, id)
    )
    select number, -1 as position, header as payload, created_at from execution
    union all
    select number, entries.position, entries.payload, null from execution join codemode.entries using (key)
    where entries.position >= after
    order by number, position`.execute(db)
  const byNumber = Map.groupBy(rows, ({ number }) => number)
  return wanted.map((_, number) => byNumber.get(number) ?? [])
}

/** Returns the stored header, with the time of creation by the clock of the database and not by that of a node. */
export function headerOf(
  { tenant, id, header, created_at }: Pick<ExecutionRow, 'tenant' | 'id' | 'created_at'> & { readonly header: string },
  payloads: Payloads,
): JournalHeader {
  const stored = payloads.decode(header, { tenant, id, kind: 'header' }) as JournalHeader
  return { ...stored, createdAt: created_at.toISOString() }
}

/** Returns the number of entries of a journal, which are appended only: it is read from the end of their index. */
export async function countEntries(db: Database, { tenant, id }: ExecutionIds): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select coalesce(max(position) + 1, 0) as count from codemode.entries
    where key = (select key from codemode.executions where tenant = ${tenant} and id = ${id})`.execute(db)
  return rows[0]?.count ?? 0
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
function entryOf(
  payloads: Payloads,
  { payload, ...place }: ExecutionIds & Pick<JournalRow, 'position'> & { readonly payload: string },
): JournalEntry {
  return payloads.decode(payload, { ...place, kind: 'entry' }) as JournalEntry
}
