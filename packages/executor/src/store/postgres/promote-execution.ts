import { sql, type Transaction } from 'kysely'

import type { Promotion } from '../execution-store.ts'
import { storedRequest } from './approvals.ts'
import type { Tables } from './database.ts'
import { insertNotifications, notificationRows } from './notification-rows.ts'
import { encodeLabel, type Payloads } from './payload.ts'
import { withUnknownOutcome } from './store-errors.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Stores an attached execution with its entries and approvals as one that is parked, in one transaction. Returns true also
 * if an earlier attempt has stored it; false if another execution has its id.
 */
export async function promoteExecution({ db, ...parts }: StoreParts, promotion: Promotion): Promise<boolean> {
  const { execution, wakeAt } = promotion
  const { tenant } = execution.facts
  let isCommitting = false
  try {
    return await db.transaction().execute(async (trx) => {
      const key = await insertExecution(trx, parts.payloads, promotion)
      if (key === undefined) return isStored(trx, promotion)
      await insertContent(trx, parts, { key, promotion })
      if (wakeAt !== undefined) await parts.wakeUps.send(trx, [{ key, tenant, at: wakeAt }])
      isCommitting = true
      return true
    })
  } catch (error) {
    throw isCommitting ? withUnknownOutcome(error) : error
  }
}

/** Returns whether the execution with the id is the promoted one. A repeat of its request has another time of creation. */
async function isStored(trx: Transaction<Tables>, { execution }: Promotion): Promise<boolean> {
  const { facts, header } = execution
  const existing = await trx
    .selectFrom('executions')
    .select('key')
    .where('tenant', '=', facts.tenant)
    .where('id', '=', facts.id)
    .where('body_hash', '=', facts.bodyHash)
    .where('created_at', '=', new Date(header.createdAt))
    .where('is_attached', '=', false)
    .where('is_tombstone', '=', false)
    .executeTakeFirst()
  return existing !== undefined
}

/** Returns the key of the new row; undefined if there is an execution with this id. */
async function insertExecution(
  trx: Transaction<Tables>,
  payloads: Payloads,
  { execution, epoch, startedAt, wakeAt }: Promotion,
): Promise<string | undefined> {
  const { facts, header } = execution
  const { tenant, id, notify } = facts
  const { rows } = await sql<{ key: string }>`
    insert into codemode.executions
      (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, notify, status, epoch, created_at,
        started_at, expires_at, wake_at, parked_for)
    values (${tenant}, ${id}, ${facts.owner}, ${facts.keyId}, ${facts.correlationId},
      ${encodeLabel(facts.label)}, ${facts.bodyHash}, ${facts.isolation}, ${facts.reuseIsolates},
      ${payloads.encode(header, { tenant, id, kind: 'header' })},
      ${notify === undefined ? null : payloads.encode(notify, { tenant, id, kind: 'notify' })}, 'paused', ${epoch}, ${new Date(header.createdAt)}, ${new Date(startedAt)},
      now() + ${facts.expiresAfterMs}::float8 * interval '1 ms', ${wakeAt === undefined ? null : new Date(wakeAt)}, 'approval')
    on conflict do nothing
    returning key`.execute(trx)
  return rows[0]?.key
}

async function insertContent(
  trx: Transaction<Tables>,
  { payloads, notifications }: Omit<StoreParts, 'db'>,
  { key, promotion }: { readonly key: string; readonly promotion: Promotion },
): Promise<void> {
  const { execution, entries, requested, epoch } = promotion
  const { tenant, id, owner } = execution.facts
  const stored = entries.map((entry, position) => payloads.encode(entry, { tenant, id, kind: 'entry', position }))
  await sql`
    insert into codemode.entries (key, position, epoch, payload)
    select ${key}::bigint, ordinality - 1, ${epoch}::int, payload
    from unnest(${stored}::text[]) with ordinality as entry (payload, ordinality)`.execute(trx)
  await trx
    .insertInto('approvals')
    .values(
      requested
        .map((request) => storedRequest(payloads, { tenant, id, request }))
        .map((approval) => ({
          key,
          call: approval.call,
          tenant,
          owner,
          status: 'pending' as const,
          payload: approval.payload,
          decision: null,
          input_hash: approval.inputHash,
          requested_at: new Date(approval.requestedAt),
          expires_at: approval.expiresAt === undefined ? null : new Date(approval.expiresAt),
        })),
    )
    .execute()
  const changed = { requested, position: entries.length, at: Date.now() }
  await insertNotifications(trx, notifications, notificationRows(payloads, { key, execution }, changed))
}
