import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'
import { sql } from 'kysely'

import type { StepJournal } from '../../session-store.ts'
import type { ReadingParts } from '../store-parts.ts'
import type { ExecutionIds } from '../read-executions.ts'
import { entryOf, headerOf } from '../read-journal.ts'

/** Number of journals that are read at once. */
const pageSize = 32

interface StepHeaderRow {
  readonly key: string
  readonly tenant: string
  readonly id: string
  readonly header: string
  readonly created_at: Date
}

interface StepEntryRow {
  readonly key: string
  readonly position: number
  readonly payload: string
}

/** Returns the journals of the steps from whose state a step starts, in order. */
export async function readJournalsBefore(parts: ReadingParts, { tenant, id }: ExecutionIds): Promise<StepJournal[]> {
  const { rows } = await sql<{ key: string }>`
    select before.key
    from codemode.executions e
    join codemode.session_steps st on st.session_key = e.session_key and st.step > e.base_step and st.step < e.step
    join codemode.executions before on before.key = st.execution_key and before.state_kept
    where e.tenant = ${tenant} and e.id = ${id}
    order by st.step`.execute(parts.db)
  return readPages(parts, rows)
}

/**
 * Returns the journals that make the state of a session, in order, with that of its first step that has not ended: later ones wait
 * for it.
 */
export async function readSessionJournals(parts: ReadingParts, sessionKey: string): Promise<Journal[]> {
  const { rows } = await sql<{ key: string }>`
    with next as materialized (
      select step, base_step from codemode.executions
      where session_key = ${sessionKey} and finished_at is null order by step limit 1
    )
    select e.key
    from codemode.sessions s
    left join next on true
    join codemode.session_steps st
      on st.session_key = s.key and st.step > coalesce(next.base_step, s.base_step)
      and st.step <= coalesce(next.step, s.last_step)
    join codemode.executions e on e.key = st.execution_key and (e.state_kept or e.finished_at is null)
    where s.key = ${sessionKey} and e.header is not null
    order by st.step`.execute(parts.db)
  return readPages(parts, rows)
}

async function readPages(parts: ReadingParts, rows: readonly { readonly key: string }[]): Promise<Journal[]> {
  const keys = rows.map(({ key }) => key)
  const journals: Journal[] = []
  for (let from = 0; from < keys.length; from += pageSize) {
    journals.push(...(await readJournals(parts, keys.slice(from, from + pageSize))))
  }
  return journals
}

/** Returns the journals of executions, in the order of the given keys. */
async function readJournals({ db, payloads }: ReadingParts, keys: readonly string[]): Promise<Journal[]> {
  const { rows: headers } = await sql<StepHeaderRow>`
    select key, tenant, id, header, created_at from codemode.executions where key = any(${keys}::bigint[])`.execute(db)
  const { rows: entries } = await sql<StepEntryRow>`
    select key, position, payload from codemode.entries where key = any(${keys}::bigint[])
    order by key, position`.execute(db)
  const entriesByKey = Map.groupBy(entries, ({ key }) => key)
  const journals = new Map(
    headers.map((row): [string, { header: JournalHeader; entries: JournalEntry[] }] => {
      const { key, tenant, id } = row
      const stored = entriesByKey.get(key) ?? []
      const decoded = stored.map(({ position, payload }) => entryOf(payloads, { tenant, id, position, payload }))
      return [key, { header: headerOf(row, payloads), entries: decoded }]
    }),
  )
  return keys.map((key) => journals.get(key)!)
}
