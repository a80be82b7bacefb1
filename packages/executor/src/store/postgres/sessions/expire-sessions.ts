import { sql } from 'kysely'

import { AdaptiveLimit } from '../adaptive-limit.ts'
import type { Database } from '../database.ts'
import { isOver } from './session-conditions.ts'

/** Maximum number of sessions that are ended or deleted in one transaction. */
const maxAtOnce = 500
/** Days for which the id of a session is kept after its end, so that its users learn what has happened. */
const tombstoneDays = 1

/** End of sessions that nobody has used for long, and deletion of those that have ended. */
export class SessionExpiry {
  readonly #db: Database
  readonly #expired = new AdaptiveLimit(maxAtOnce)
  readonly #old = new AdaptiveLimit(maxAtOnce)

  constructor(db: Database) {
    this.#db = db
  }

  /** Ends and deletes everything that is due, or all until the signal aborts. */
  async expire(signal?: AbortSignal): Promise<void> {
    await this.#expired.repeat((limit) => endExpired(this.#db, limit), signal)
    await this.#old.repeat((limit) => deleteEnded(this.#db, limit), signal)
  }
}

/** A session that is locked is used just now. Its row is checked again once it is locked. */
async function endExpired(db: Database, limit: number): Promise<number> {
  const { rows } = await sql`
    update codemode.sessions set ended_at = now(), payload = null
    where key in (
      select key from codemode.sessions s
      where s.ended_at is null and s.expires_at <= now() and ${isOver}
      order by s.expires_at
      limit ${limit}
      for no key update skip locked
    )
    returning key`.execute(db)
  return rows.length
}

async function deleteEnded(db: Database, limit: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ key: string }>`
      delete from codemode.sessions where key in (
        select key from codemode.sessions
        where ended_at < now() - ${tombstoneDays} * interval '1 day'
        order by ended_at
        limit ${limit}
        for update skip locked
      )
      returning key`.execute(trx)
    const keys = rows.map(({ key }) => key)
    if (keys.length > 0) {
      await sql`delete from codemode.session_steps where session_key = any(${keys}::bigint[])`.execute(trx)
    }
    return keys.length
  })
}
