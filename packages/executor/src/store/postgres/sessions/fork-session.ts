import { sql, type Transaction } from 'kysely'

import type { Forked } from '../../session-store.ts'
import type { Tables } from '../database.ts'
import { encodeLabel } from '../payload.ts'
import type { ReadingParts } from '../store-parts.ts'
import {
  encodeFacts,
  findSessionRow,
  lockSession,
  sessionOf,
  type FoundSessionRow,
  type SessionIds,
} from './session-row.ts'

interface Fork {
  readonly id: string
  readonly label: string | undefined
  readonly atStep: number | undefined
}

/** Creates a session that shares the steps of another one up to a number, as far as they have ended. Copies no journal. */
export async function forkSession(
  { db, payloads }: ReadingParts,
  source: SessionIds,
  { id, label, atStep }: Fork,
): Promise<Forked> {
  return db.transaction().execute(async (trx): Promise<Forked> => {
    // Under its lock the session neither ends, so that its steps would be deleted, nor is it reset.
    if ((await lockSession(trx, source)) === undefined) return { type: 'no-session' }
    const row = (await findSessionRow(trx, source))!
    if (row.is_over) return { type: 'session-ended' }
    const problem = await problemOf(trx, row, atStep)
    if (problem !== undefined) return problem
    const { facts } = sessionOf(row, payloads)
    const payload = encodeFacts(payloads, { ...facts, id })
    if (!(await insertFork(trx, row, { id, label, payload, atStep }))) return { type: 'exists' }
    const fork = (await findSessionRow(trx, { tenant: source.tenant, id }))!
    return { type: 'created', session: sessionOf(fork, payloads) }
  })
}

/** Returns the reason for which a session has no state after a step; 0 is the state before the first one. */
async function problemOf(
  trx: Transaction<Tables>,
  { key, base_step, last_step: lastStep }: FoundSessionRow,
  atStep: number | undefined,
): Promise<Forked | undefined> {
  if (atStep === undefined || atStep === 0) return undefined
  if (atStep > lastStep || atStep <= base_step) return { type: 'no-step', lastStep }
  const pending = await trx
    .selectFrom('executions')
    .select('key')
    .where('session_key', '=', key)
    .where('step', '=', atStep)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  return pending && { type: 'not-ended' }
}

interface NewFork extends Fork {
  readonly payload: string
}

/** Inserts the row of the fork and its steps. Returns false if the tenant has a session with its id. */
async function insertFork(
  trx: Transaction<Tables>,
  source: FoundSessionRow,
  { id, label, payload, atStep }: NewFork,
): Promise<boolean> {
  const { key, base_step, last_step } = source
  const upTo = atStep ?? last_step
  const { rows } = await sql`
    with ended as materialized (
      select st.step, st.execution_key
      from codemode.session_steps st join codemode.executions e on e.key = st.execution_key
      where st.session_key = ${key} and st.step > ${base_step}
        and st.step <= ${upTo} and e.finished_at is not null
    ),
    place as materialized (
      select coalesce(${atStep ?? null}::int, max(step), ${base_step}) as last_step, count(*) > 0 as has_steps from ended
    ),
    fork as (
      insert into codemode.sessions
        (tenant, id, owner, label, payload, isolation, reuse_isolates, idle_timeout_ms, expires_at, last_step, base_step, runtime)
      select s.tenant, ${id}, s.owner, ${encodeLabel(label)}, ${payload}, s.isolation, s.reuse_isolates, s.idle_timeout_ms,
        now() + s.idle_timeout_ms * interval '1 ms', place.last_step, least(s.base_step, place.last_step),
        case when place.has_steps then s.runtime end
      from codemode.sessions s, place
      where s.key = ${key}
      on conflict do nothing
      returning key
    ),
    shared as (
      insert into codemode.session_steps (session_key, step, execution_key)
      select fork.key, ended.step, ended.execution_key from fork, ended
    )
    select key from fork`.execute(trx)
  return rows.length > 0
}
