import { sql, type Transaction } from 'kysely'

import type { Created, NewExecution } from '../execution-store.ts'
import type { Tables } from './database.ts'
import { encodeLabel, type Payloads } from './payload.ts'
import { withUnknownOutcome } from './store-errors.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Stores executions with their headers and their wake-ups in one transaction, or finds those with the same ids. Nodes that
 * store executions at the same time do not see each other's, so a tenant can get a few more than `maxQueued`. Rejects with
 * STORE_UNAVAILABLE, which is ambiguous if the database may have committed them.
 */
export async function createExecutions(
  { db, payloads, wakeUps }: StoreParts,
  executions: readonly NewExecution[],
): Promise<Created[]> {
  let isCommitting = false
  const created = db.transaction().execute(async (trx) => {
    const inserted = await insertExecutions(trx, payloads, executions)
    await wakeUps.send(trx, [...inserted.values()])
    const existing =
      inserted.size < executions.length ? await findExisting(trx, executions) : new Map<string, Created>()
    isCommitting = inserted.size > 0
    return executions.map(({ facts }): Created => {
      const place = placeOf(facts)
      // The second one of a batch with the same id finds the first one.
      if (inserted.delete(place)) return { type: 'created' }
      return existing.get(place) ?? { type: 'too-many-queued' }
    })
  })
  return created.catch((error: unknown) => {
    throw isCommitting ? withUnknownOutcome(error) : error
  })
}

/** Returns the key of an execution in the map of `findExisting`. */
export const placeOf = ({ tenant, id }: { readonly tenant: string; readonly id: string }) => `${id} ${tenant}`

interface Inserted {
  readonly key: string
  readonly tenant: string
  readonly id: string
}

/** Returns the new rows by tenant and id, without those whose id exists, or whose tenant has too many queued executions. */
async function insertExecutions(
  trx: Transaction<Tables>,
  payloads: Payloads,
  executions: readonly NewExecution[],
): Promise<Map<string, Inserted>> {
  const facts = executions.map(({ facts }) => facts)
  const { rows } = await sql<Inserted>`
    insert into codemode.executions
      (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, callback, notify, status, expires_at)
    select tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, callback, notify, 'queued',
      now() + expires_after_ms * interval '1 ms'
    from unnest(
      ${facts.map(({ tenant }) => tenant)}::text[],
      ${facts.map(({ id }) => id)}::text[],
      ${facts.map(({ owner }) => owner)}::text[],
      ${facts.map(({ keyId }) => keyId)}::text[],
      ${facts.map(({ correlationId }) => correlationId)}::text[],
      ${facts.map(({ label }) => encodeLabel(label))}::text[],
      ${facts.map(({ bodyHash }) => bodyHash)}::text[],
      ${facts.map(({ isolation }) => isolation)}::text[],
      ${facts.map(({ reuseIsolates }) => reuseIsolates)}::boolean[],
      ${executions.map(({ header, facts: { tenant, id } }) => payloads.encode(header, { tenant, id, kind: 'header' }))}::text[],
      ${facts.map(({ callback, tenant, id }) => (callback === undefined ? null : payloads.encode(callback, { tenant, id, kind: 'callback' })))}::text[],
      ${facts.map(({ notify, tenant, id }) => (notify === undefined ? null : payloads.encode(notify, { tenant, id, kind: 'notify' })))}::text[],
      ${facts.map(({ expiresAfterMs }) => expiresAfterMs)}::float8[],
      ${executions.map((execution, index) => placesLeft(execution, executions.slice(0, index)))}::int[]
    ) as new (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, callback, notify, expires_after_ms, places_left)
    where places_left > 0 and not exists (
      select from codemode.executions queued
      where queued.tenant = new.tenant and queued.started_at is null and queued.finished_at is null
      offset greatest(places_left, 1) - 1
    )
    on conflict do nothing
    returning key, tenant, id`.execute(trx)
  return new Map(rows.map((row) => [placeOf(row), row]))
}

/** Returns the number of executions that a tenant may have queued, so that those before in the batch fit as well. */
function placesLeft({ facts, maxQueued }: NewExecution, before: readonly NewExecution[]): number {
  return maxQueued - before.filter((other) => other.facts.tenant === facts.tenant).length
}

/** Returns which of these executions exist, by tenant and id. */
export async function findExisting(
  trx: Transaction<Tables>,
  executions: readonly NewExecution[],
): Promise<Map<string, Created>> {
  const ids = executions.map(({ facts }) => facts.id)
  const rows = await trx
    .selectFrom('executions')
    .select(['tenant', 'id', 'body_hash', 'is_tombstone'])
    .where('id', 'in', ids)
    .where(
      'tenant',
      'in',
      executions.map(({ facts }) => facts.tenant),
    )
    .execute()
  return new Map(
    rows.map((row) => [placeOf(row), { type: 'exists', bodyHash: row.body_hash, isGone: row.is_tombstone }]),
  )
}
