import { sql } from 'kysely'

import type { FoundSession, SessionFacts } from '../../session-store.ts'
import type { Database } from '../database.ts'
import { encodeLabel } from '../payload.ts'
import type { ReadingParts } from '../store-parts.ts'
import { findSession } from './find-sessions.ts'
import { encodeFacts } from './session-row.ts'

/** Creates a session, or returns the one with the same id. */
export async function createSession(
  { db, payloads }: ReadingParts,
  facts: SessionFacts,
): Promise<FoundSession & { readonly isNew: boolean }> {
  const isNew = await insertSession(db, facts, encodeFacts(payloads, facts))
  const found = await findSession({ db, payloads }, facts)
  // One that was deleted meanwhile had ended.
  return { ...(found ?? { type: 'ended' }), isNew }
}

/** Inserts the row of a session. Returns false if the tenant has one with this id. */
async function insertSession(db: Database, facts: SessionFacts, payload: string): Promise<boolean> {
  const { tenant, id, owner, label, isolation, reuseIsolates, idleTimeoutMs } = facts
  const inserted = await db
    .insertInto('sessions')
    .values({
      tenant,
      id,
      owner,
      label: encodeLabel(label),
      payload,
      isolation,
      reuse_isolates: reuseIsolates,
      idle_timeout_ms: String(idleTimeoutMs),
      expires_at: sql`now() + ${idleTimeoutMs}::float8 * interval '1 ms'`,
      last_step: 0,
      base_step: 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst()
  return inserted !== undefined
}
