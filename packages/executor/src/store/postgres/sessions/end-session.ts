import { sql, type Transaction } from 'kysely'

import type { Tables } from '../database.ts'
import { insertCancellations } from '../inbox.ts'
import type { ExecutionKey, StoreParts } from '../store-parts.ts'
import { isOver } from './session-conditions.ts'
import { lockSession, type SessionIds } from './session-row.ts'

/**
 * Ends a session, and posts a cancellation to each of its steps that have not ended, in one transaction. Returns these steps;
 * undefined if there is no session, or it has ended.
 */
export async function endSession(
  { db, ...parts }: StoreParts,
  ids: SessionIds,
): Promise<readonly ExecutionKey[] | undefined> {
  return db.transaction().execute(async (trx): Promise<readonly ExecutionKey[] | undefined> => {
    const key = await lockSession(trx, ids)
    if (key === undefined) return undefined
    const { rows } = await sql`
      update codemode.sessions s set ended_at = now(), payload = null
      where s.key = ${key} and not ${isOver}
      returning s.key`.execute(trx)
    return rows.length === 0 ? undefined : cancelSteps(trx, parts, key)
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
