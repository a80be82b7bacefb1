import { sql, type Transaction } from 'kysely'

import type { FoundSession } from '../../session-store.ts'
import type { Tables } from '../database.ts'
import { insertCancellations } from '../inbox.ts'
import type { ExecutionKey, StoreParts } from '../store-parts.ts'
import { findSessionRow, lockSession, readableSessionOf, type SessionIds } from './session-row.ts'

/** Session that was ended, as it was, and its steps that are cancelled. */
interface EndedSession {
  readonly found: FoundSession | undefined
  readonly cancelled: readonly ExecutionKey[]
}

/** Ends a session, and posts a cancellation to each of its steps that have not ended, in one transaction. */
export async function endSession({ db, ...parts }: StoreParts, ids: SessionIds): Promise<EndedSession> {
  return db.transaction().execute(async (trx): Promise<EndedSession> => {
    const key = await lockSession(trx, ids)
    if (key === undefined) return { found: undefined, cancelled: [] }
    const row = (await findSessionRow(trx, ids))!
    if (row.ended_at !== null) return { found: { type: 'ended' }, cancelled: [] }
    const session = readableSessionOf(row, parts.payloads)
    await trx
      .updateTable('sessions')
      .set({ ended_at: sql`now()`, payload: null })
      .where('key', '=', key)
      .execute()
    const cancelled = await cancelSteps(trx, parts, key)
    return { found: row.is_over ? { type: 'ended' } : { type: 'found', session }, cancelled }
  })
}

async function cancelSteps(
  trx: Transaction<Tables>,
  parts: Omit<StoreParts, 'db'>,
  sessionKey: string,
): Promise<readonly ExecutionKey[]> {
  const steps = await trx
    .selectFrom('executions')
    .select(['key', 'tenant', 'id', 'node'])
    .where('session_key', '=', sessionKey)
    .where('finished_at', 'is', null)
    .orderBy('key')
    .forNoKeyUpdate()
    .execute()
  await insertCancellations(trx, parts, steps, 'the session was ended')
  return steps
}
