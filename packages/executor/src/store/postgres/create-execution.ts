import { sql, type Transaction } from 'kysely'

import type { Created, NewExecution } from '../execution-store.ts'
import type { Database, Tables } from './database.ts'
import { encodePayload, encodeText } from './payload.ts'
import type { WakeUps } from './wake-ups.ts'

/**
 * Stores an execution with its header and its wake-up in one transaction, or finds the one with the same id. Executions
 * that are created at the same time do not see each other, so a few more than `maxQueued` can be stored.
 */
export async function createExecution(db: Database, wakeUps: WakeUps, execution: NewExecution): Promise<Created> {
  return db.transaction().execute(async (trx): Promise<Created> => {
    const { tenant, id } = execution.facts
    const key = await insertExecution(trx, execution)
    if (key !== undefined) {
      await wakeUps.sendFirst(trx, [{ key, tenant }])
      return { type: 'created' }
    }
    const existing = await trx
      .selectFrom('executions')
      .select(['body_hash', 'is_tombstone'])
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .executeTakeFirst()
    if (existing === undefined) return { type: 'too-many-queued' }
    return { type: 'exists', bodyHash: existing.body_hash, isGone: existing.is_tombstone }
  })
}

/** Returns the key of the new row; undefined if the id exists or the tenant has too many queued executions. */
async function insertExecution(trx: Transaction<Tables>, execution: NewExecution): Promise<string | undefined> {
  const { facts, header, maxQueued } = execution
  const { label = null, callback } = facts
  const { rows } = await sql<{ key: string }>`
    insert into codemode.executions
      (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, header, callback, status, expires_at)
    select ${facts.tenant}, ${facts.id}, ${facts.owner}, ${facts.keyId}, ${facts.correlationId}, ${label && encodeText(label)},
      ${facts.bodyHash}, ${facts.isolation}, ${encodePayload(header)},
      ${callback === undefined ? null : encodePayload(callback)}, 'queued',
      now() + ${facts.expiresAfterMs}::float8 * interval '1 ms'
    where not exists (
      select from codemode.executions
      where tenant = ${facts.tenant} and status = 'queued'
      offset ${Math.max(0, maxQueued - 1)}
    )
    on conflict do nothing
    returning key`.execute(trx)
  return rows[0]?.key
}
