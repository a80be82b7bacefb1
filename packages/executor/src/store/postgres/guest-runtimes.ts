// Guest runtimes of the nodes, by the hashes that journals name. They are the code of this repository and no secret.
import { sql } from 'kysely'

import type { StoredRuntime } from '../execution-store.ts'
import type { Database } from './database.ts'

/**
 * Days for which a runtime is kept after the last node with it was seen. An execution ends at most 30 days after the node
 * has stored it. One that a session needs is kept longer.
 */
const keptDays = 32

/** Stores the runtime of a node. */
export async function saveRuntime(db: Database, { hash, text }: StoredRuntime): Promise<void> {
  await db
    .insertInto('guest_runtimes')
    .values({ hash, text })
    .onConflict((conflict) => conflict.column('hash').doUpdateSet({ used_at: sql<Date>`now()` }))
    .execute()
}

/** Returns the text of a runtime; undefined if there is none. */
export async function findRuntime(db: Database, hash: string): Promise<string | undefined> {
  const row = await db.selectFrom('guest_runtimes').select('text').where('hash', '=', hash).executeTakeFirst()
  return row?.text
}

/** Records once an hour that a node with this runtime is there. */
export async function touchRuntime(db: Database, hash: string): Promise<void> {
  await db
    .updateTable('guest_runtimes')
    .set({ used_at: sql<Date>`now()` })
    .where('hash', '=', hash)
    .where('used_at', '<', sql<Date>`now() - interval '1 hour'`)
    .execute()
}

/** Deletes the runtimes that no execution and no session can need any more. */
export async function deleteOldRuntimes(db: Database): Promise<void> {
  await sql`
    delete from codemode.guest_runtimes
    where used_at < now() - ${keptDays} * interval '1 day' and not exists (
      select from codemode.sessions where ended_at is null and runtime ->> 'guestRuntime' = hash
    )`.execute(db)
}
