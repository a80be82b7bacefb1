import { sql } from 'kysely'

import type { EndedExecution } from '../execution-store.ts'
import { encodeLabel } from './payload.ts'
import type { ReadingParts } from './store-parts.ts'

/**
 * Records attached executions that have ended with their journals, by one statement. Leaves out those whose ids exist: they
 * were recorded by an earlier attempt, or belong to other executions.
 */
export async function recordExecutions(
  { db, payloads }: ReadingParts,
  executions: readonly EndedExecution[],
): Promise<void> {
  const facts = executions.map(({ facts }) => facts)
  const ends = executions.map(({ end }) => end)
  const entries = executions.flatMap(({ journal, facts: { tenant, id } }, number) =>
    journal.entries.map((entry, position) => ({
      number,
      position,
      payload: payloads.encode(entry, { tenant, id, kind: 'entry', position }),
    })),
  )
  await sql`
    with new as materialized (
      select * from unnest(
        ${executions.map((_, number) => number)}::int[],
        ${facts.map(({ tenant }) => tenant)}::text[],
        ${facts.map(({ id }) => id)}::text[],
        ${facts.map(({ owner }) => owner)}::text[],
        ${facts.map(({ keyId }) => keyId)}::text[],
        ${facts.map(({ correlationId }) => correlationId)}::text[],
        ${facts.map(({ label }) => encodeLabel(label))}::text[],
        ${facts.map(({ bodyHash }) => bodyHash)}::text[],
        ${facts.map(({ isolation }) => isolation)}::text[],
        ${facts.map(({ reuseIsolates }) => reuseIsolates)}::boolean[],
        ${executions.map(({ journal, facts: { tenant, id } }) => payloads.encode(journal.header, { tenant, id, kind: 'header' }))}::text[],
        ${executions.map(({ end: { error }, facts: { tenant, id } }) => (error === undefined ? null : payloads.encode(error, { tenant, id, kind: 'error' })))}::text[],
        ${ends.map(({ error }) => error?.code ?? null)}::text[],
        ${ends.map(({ status }) => status)}::text[],
        ${executions.map(({ journal }) => journal.header.createdAt)}::timestamptz[],
        ${ends.map(({ startedAt }) => timeOf(startedAt))}::timestamptz[],
        ${ends.map(({ finishedAt }) => timeOf(finishedAt))}::timestamptz[]
      ) as new (number, tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, error, error_code, status,
        created_at, started_at, finished_at)
    ),
    recorded as (
      insert into codemode.executions (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, error,
        error_code, status, created_at, started_at, finished_at, expires_at, epoch, is_attached)
      select tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, error,
        error_code, status, created_at, started_at, finished_at, finished_at, 1, true
      from new
      on conflict do nothing
      returning key, tenant, id
    )
    insert into codemode.entries (key, position, epoch, payload)
    select recorded.key, entry.position, 1, entry.payload
    from unnest(
      ${entries.map(({ number }) => number)}::int[],
      ${entries.map(({ position }) => position)}::int[],
      ${entries.map(({ payload }) => payload)}::text[]
    ) as entry (number, position, payload)
    join new using (number)
    join recorded on recorded.tenant = new.tenant and recorded.id = new.id`.execute(db)
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString()
}
