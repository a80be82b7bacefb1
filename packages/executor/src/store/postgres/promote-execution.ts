import { sql, type Transaction } from 'kysely'

import type { Promotion } from '../execution-store.ts'
import { approvalPayload } from './approvals.ts'
import type { Database, Tables } from './database.ts'
import { encodePayload, encodeText } from './payload.ts'
import type { WakeUps } from './wake-ups.ts'

/**
 * Stores an attached execution with its entries and approvals as one that is parked, in one transaction. Returns true also
 * if an earlier attempt has stored it; false if another execution has its id.
 */
export async function promoteExecution(db: Database, wakeUps: WakeUps, promotion: Promotion): Promise<boolean> {
  const { execution, wakeAt } = promotion
  const { tenant, id, bodyHash } = execution.facts
  return db.transaction().execute(async (trx) => {
    const key = await insertExecution(trx, promotion)
    if (key === undefined) {
      const existing = await trx
        .selectFrom('executions')
        .select('body_hash')
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst()
      return existing?.body_hash === bodyHash
    }
    await insertContent(trx, key, promotion)
    if (wakeAt !== undefined) await wakeUps.send(trx, [{ key, tenant, at: wakeAt }])
    return true
  })
}

/** Returns the key of the new row; undefined if there is an execution with this id. */
async function insertExecution(
  trx: Transaction<Tables>,
  { execution, epoch, startedAt }: Promotion,
): Promise<string | undefined> {
  const { facts, header } = execution
  const { rows } = await sql<{ key: string }>`
    insert into codemode.executions
      (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, header, status, epoch, created_at,
        started_at, expires_at)
    values (${facts.tenant}, ${facts.id}, ${facts.owner}, ${facts.keyId}, ${facts.correlationId},
      ${facts.label === undefined ? null : encodeText(facts.label)}, ${facts.bodyHash}, ${facts.isolation},
      ${encodePayload(header)}, 'paused', ${epoch}, ${new Date(header.createdAt)}, ${new Date(startedAt)},
      now() + ${facts.expiresAfterMs}::float8 * interval '1 ms')
    on conflict do nothing
    returning key`.execute(trx)
  return rows[0]?.key
}

async function insertContent(
  trx: Transaction<Tables>,
  key: string,
  { execution, entries, requested, epoch }: Promotion,
): Promise<void> {
  const { tenant, owner } = execution.facts
  await sql`
    insert into codemode.entries (key, position, epoch, payload)
    select ${key}::bigint, ordinality - 1, ${epoch}::int, payload
    from unnest(${entries.map(encodePayload)}::text[]) with ordinality as entry (payload, ordinality)`.execute(trx)
  await trx
    .insertInto('approvals')
    .values(
      requested.map((approval) => ({
        key,
        call: approval.call,
        tenant,
        owner,
        status: 'pending' as const,
        payload: approvalPayload(approval),
        decision: null,
        input_hash: approval.inputHash,
        requested_at: new Date(approval.requestedAt),
        expires_at: approval.expiresAt === undefined ? null : new Date(approval.expiresAt),
      })),
    )
    .execute()
}
