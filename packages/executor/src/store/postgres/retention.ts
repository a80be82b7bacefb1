import { sql } from 'kysely'

import { AdaptiveLimit } from './adaptive-limit.ts'
import type { Database } from './database.ts'
import { isNeededBySession } from './sessions/session-conditions.ts'

/** Maximum number of executions that are deleted in one transaction. */
const maxAtOnce = 500
/** Days for which the id and the hash of a detached execution are kept after the rest was deleted. */
const tombstoneDays = 30

/**
 * Deletion of what is no longer kept. A detached execution that has a notification to deliver, or that a session needs, is
 * kept whole. Of any other that finished more than `retainMs` ago, only the id and the hash of the body are kept, for
 * `tombstoneDays`. Attached ones are deleted as a whole: a repeat of their request does not look for them in the store.
 */
export class Retention {
  readonly #db: Database
  readonly #retainMs: number
  readonly #executions = new AdaptiveLimit(maxAtOnce)
  readonly #tombstones = new AdaptiveLimit(maxAtOnce)

  constructor(db: Database, retainMs: number) {
    this.#db = db
    this.#retainMs = retainMs
  }

  /** Deletes everything that is old, or all until the signal aborts. */
  async deleteOld(signal?: AbortSignal): Promise<void> {
    await deleteUnreadMessages(this.#db)
    await this.#executions.repeat((limit) => deleteFinished(this.#db, this.#retainMs, limit), signal)
    await this.#tombstones.repeat((limit) => deleteTombstones(this.#db, this.#retainMs, limit), signal)
  }
}

/** Deletes messages that were posted while the last commit of their execution waited for the lock of its row. */
async function deleteUnreadMessages(db: Database): Promise<void> {
  await sql`
    delete from codemode.inbox using codemode.executions e
    where e.key = inbox.key and e.finished_at is not null`.execute(db)
}

async function deleteFinished(db: Database, retainMs: number, limit: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ key: string }>`
      with old as materialized (
        select key, is_attached from codemode.executions
        where not is_tombstone and finished_at < now() - ${retainMs}::float8 * interval '1 ms'
          and not exists (
            select from codemode.notifications waiting
            where waiting.key = executions.key and waiting.status = 'pending'
          )
          and not ${isNeededBySession(sql`executions.key`)}
        order by finished_at
        limit ${limit}
        for update skip locked
      ),
      buried as (
        update codemode.executions e
        set is_tombstone = true, header = null, callback = null, notify = null, error = null, error_code = null, label = null, variables = null
        from old where e.key = old.key and not old.is_attached
      ),
      deleted as (
        delete from codemode.executions e using old where e.key = old.key and old.is_attached
      )
      select key from old`.execute(trx)
    const keys = rows.map(({ key }) => key)
    if (keys.length > 0) {
      await sql`delete from codemode.entries where key = any(${keys}::bigint[])`.execute(trx)
      await sql`delete from codemode.inbox where key = any(${keys}::bigint[])`.execute(trx)
      await sql`delete from codemode.approvals where key = any(${keys}::bigint[])`.execute(trx)
      await sql`delete from codemode.notifications where key = any(${keys}::bigint[])`.execute(trx)
      await sql`delete from codemode.session_steps where execution_key = any(${keys}::bigint[])`.execute(trx)
    }
    return keys.length
  })
}

async function deleteTombstones(db: Database, retainMs: number, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from codemode.executions where key in (
      select key from codemode.executions
      where is_tombstone
        and finished_at < now() - ${retainMs}::float8 * interval '1 ms' - ${tombstoneDays} * interval '1 day'
      order by finished_at
      limit ${limit}
      for update skip locked
    ) returning key`.execute(db)
  return rows.length
}
