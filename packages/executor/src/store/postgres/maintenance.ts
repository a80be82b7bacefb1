// Work that any node does from time to time. Each pass takes a bounded number of rows, and skips rows that another node
// has locked.
import { sql } from 'kysely'

import type { Database } from './database.ts'
import type { WakeUps } from './wake-ups.ts'

/** Maximum number of executions of a pass. */
const batchSize = 500
/** Days for which the id and the hash of an execution are kept after the rest was deleted. */
const tombstoneDays = 30

/** Wakes parked executions that have expired by the database's clock, so that their runners end them. */
export async function wakeExpired(db: Database, wakeUps: WakeUps): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const expired = await trx
      .selectFrom('executions')
      .select(['key', 'tenant'])
      .where('finished_at', 'is', null)
      .where('node', 'is', null)
      .where('expires_at', '<', sql<Date>`now()`)
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
 * Deletes the messages to finished executions. Of executions that finished more than `retainMs` ago and have no
 * notification to deliver, deletes all but the id and the hash of the body, and deletes these `tombstoneDays` later.
 */
export async function deleteOld(db: Database, retainMs: number): Promise<void> {
  await deleteUnreadMessages(db)
  while ((await buryFinished(db, retainMs)) === batchSize);
  while ((await deleteTombstones(db, retainMs)) === batchSize);
}

/** Deletes messages that were posted while the last commit of their execution waited for the lock of its row. */
async function deleteUnreadMessages(db: Database): Promise<void> {
  await sql`
    delete from codemode.inbox using codemode.executions e
    where e.key = inbox.key and e.finished_at is not null`.execute(db)
}

async function buryFinished(db: Database, retainMs: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ key: string }>`
      with old as (
        select key from codemode.executions
        where not is_tombstone and finished_at < now() - ${retainMs}::float8 * interval '1 ms'
          and not exists (
            select from codemode.notifications waiting
            where waiting.key = executions.key and waiting.status = 'pending'
          )
        order by finished_at
        limit ${batchSize}
        for update skip locked
      )
      update codemode.executions e
      set is_tombstone = true, header = null, callback = null, notify = null, error = null, label = null
      from old where e.key = old.key
      returning e.key`.execute(trx)
    const keys = rows.map(({ key }) => key)
    if (keys.length > 0) {
      await sql`delete from codemode.entries where key = any(${keys}::bigint[])`.execute(trx)
      await sql`delete from codemode.inbox where key = any(${keys}::bigint[])`.execute(trx)
      await sql`delete from codemode.notifications where key = any(${keys}::bigint[])`.execute(trx)
    }
    return keys.length
  })
}

async function deleteTombstones(db: Database, retainMs: number): Promise<number> {
  const { rows } = await sql`
    delete from codemode.executions where key in (
      select key from codemode.executions
      where is_tombstone
        and finished_at < now() - ${retainMs}::float8 * interval '1 ms' - ${tombstoneDays} * interval '1 day'
      order by finished_at
      limit ${batchSize}
      for update skip locked
    ) returning key`.execute(db)
  return rows.length
}
