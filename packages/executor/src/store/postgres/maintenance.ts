// Wake-ups that any node sends from time to time. Each pass takes a bounded number of rows, and skips rows that another node
// has locked.
import { sql } from 'kysely'

import type { Database } from './database.ts'
import { isNextStep } from './sessions/session-conditions.ts'
import { hasWakeUp, isWokenWithin, type WakeUps } from './wake-ups.ts'

/** Maximum number of executions of a pass. */
const batchSize = 500

/** Milliseconds after which a claim of an execution is tried again that cannot be decrypted. */
export const unreadableRetryMs = 10_000

/**
 * Wakes parked executions that have expired by the database's clock, so that their runners end them. Leaves out those that are
 * woken soon: one that cannot be decrypted must neither be claimed at once again, nor take the place of another one.
 */
export async function wakeExpired(db: Database, wakeUps: WakeUps): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const expired = await trx
      .selectFrom('executions')
      .select(['key', 'tenant'])
      .where('finished_at', 'is', null)
      .where('node', 'is', null)
      .where('expires_at', '<', sql<Date>`now()`)
      .where(sql<boolean>`not ${isWokenWithin(unreadableRetryMs, sql.ref('executions.key'))}`)
      .orderBy('expires_at')
      .limit(batchSize)
      .forNoKeyUpdate()
      .skipLocked()
      .execute()
    await wakeUps.send(trx, expired)
    return expired.length
  })
}

/**
 * Sends the wake-ups again that are gone, for example because an operator has emptied the queue: of executions that are to
 * be woken at some time, of those that a node holds, whose wake-up is the sign that the node is alive, and of steps of sessions
 * that have not started although all earlier ones have ended.
 */
export async function wakeForgotten(db: Database, wakeUps: WakeUps): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ key: string; tenant: string; at: Date | null }>`
      select key, tenant, case when node is null then wake_at end as at
      from codemode.executions e
      where finished_at is null and (node is not null or wake_at is not null or ${isNextStep}) and not ${hasWakeUp(sql.ref('e.key'))}
      order by key
      limit ${batchSize}
      for no key update skip locked`.execute(trx)
    await wakeUps.send(
      trx,
      rows.map(({ key, tenant, at }) => ({ key, tenant, at: at?.getTime() })),
    )
    return rows.length
  })
}
