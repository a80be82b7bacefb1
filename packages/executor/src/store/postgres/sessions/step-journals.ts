import type { Journal } from '@codemode/shared'
import { sql } from 'kysely'

import type { StepJournal } from '../../session-store.ts'
import type { ExecutionIds } from '../read-executions.ts'
import { JournalReader, maxJournals } from '../read-journal.ts'
import type { ReadingParts } from '../store-parts.ts'
import { fromStatesBefore } from './session-conditions.ts'

/** Returns the journals of the steps from whose state a step starts, in order. */
export async function readJournalsBefore(parts: ReadingParts, { tenant, id }: ExecutionIds): Promise<StepJournal[]> {
  const place = { session: sql`mine.session_key`, step: sql`mine.step`, baseStep: sql`mine.base_step` }
  const { rows } = await sql<ExecutionIds>`
    select before.tenant, before.id
    from codemode.executions mine
    cross join lateral (select e.tenant, e.id, st.step ${fromStatesBefore(place)}) before
    where mine.tenant = ${tenant} and mine.id = ${id}
    order by before.step`.execute(parts.db)
  return readJournals(parts, rows)
}

/**
 * Returns the journals that make the state of a session, in order, with that of its first step that has not ended: later ones wait
 * for it.
 */
export async function readSessionJournals(parts: ReadingParts, sessionKey: string): Promise<Journal[]> {
  const { rows } = await sql<ExecutionIds>`
    with next as materialized (
      select step, base_step from codemode.executions
      where session_key = ${sessionKey} and finished_at is null order by step limit 1
    )
    select e.tenant, e.id
    from codemode.sessions s
    left join next on true
    join codemode.session_steps st
      on st.session_key = s.key and st.step > coalesce(next.base_step, s.base_step)
      and st.step <= coalesce(next.step, s.last_step)
    join codemode.executions e on e.key = st.execution_key and (e.state_kept or e.finished_at is null)
    where s.key = ${sessionKey} and e.header is not null
    order by st.step`.execute(parts.db)
  return readJournals(parts, rows)
}

/** Returns the journals in the order of the ids. Throws if one is missing. No read begins after one that has failed. */
async function readJournals(parts: ReadingParts, ids: readonly ExecutionIds[]): Promise<Journal[]> {
  const reader = new JournalReader(parts)
  const journals: Journal[] = []
  for (let from = 0; from < ids.length; from += maxJournals) {
    const page = ids.slice(from, from + maxJournals)
    const read = async (each: ExecutionIds): Promise<Journal> => {
      const journal = await reader.read({ ...each, after: 0 })
      if (journal === undefined) throw new Error(`The journal of the step ${each.id} was deleted while it was read`)
      return journal
    }
    journals.push(...(await Promise.all(page.map(read))))
  }
  return journals
}
