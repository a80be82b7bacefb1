import { sql, type Transaction } from 'kysely'

import type { FoundSession } from '../../session-store.ts'
import type { Tables } from '../database.ts'
import type { ReadingParts } from '../store-parts.ts'
import { nextExpiry } from './session-conditions.ts'
import { findSessionRow, lockSession, sessionOf, type SessionIds } from './session-row.ts'

/**
 * Makes the steps that a session accepts from now on start without variables. Steps that were accepted before run with the
 * state that they have. Returns undefined if there is no session.
 */
export async function resetSession({ db, payloads }: ReadingParts, ids: SessionIds): Promise<FoundSession | undefined> {
  return db.transaction().execute(async (trx): Promise<FoundSession | undefined> => {
    const key = await lockSession(trx, ids)
    if (key === undefined) return undefined
    const { is_over, runtime } = (await findSessionRow(trx, ids))!
    if (is_over) return { type: 'ended' }
    if (runtime !== null) await keepRuntime(trx, runtime.guestRuntime)
    await sql`
      update codemode.sessions
      set base_step = last_step, runtime = null, last_used_at = now(), expires_at = ${nextExpiry}
      where key = ${key}`.execute(trx)
    return { type: 'found', session: sessionOf((await findSessionRow(trx, ids))!, payloads) }
  })
}

/** Has a runtime kept for as long as a step can live that was accepted before the reset. */
async function keepRuntime(trx: Transaction<Tables>, hash: string): Promise<void> {
  await sql`update codemode.guest_runtimes set used_at = now() where hash = ${hash}`.execute(trx)
}
