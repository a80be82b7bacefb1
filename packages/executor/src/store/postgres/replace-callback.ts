import type { Callback } from '@codemode/shared'
import { sql } from 'kysely'

import { hasEnded } from './execution-row.ts'
import { insertMessage, lockedRow } from './inbox.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Replaces the callback of an execution. A runner gives its lease back then, and the next claim reads the callback. While a
 * reader serves the calls it has no effect, because their handlers would run a second time.
 */
export async function replaceCallback(
  { db, ...parts }: StoreParts,
  { tenant, id, callback }: { readonly tenant: string; readonly id: string; readonly callback: Callback },
): Promise<'replaced' | 'ended' | 'served'> {
  return db.transaction().execute(async (trx) => {
    const row = await lockedRow(trx, { tenant, id })
    if (row === undefined || hasEnded(row)) return 'ended'
    const { numUpdatedRows } = await trx
      .updateTable('executions')
      .set({ callback: parts.payloads.encode(callback, { tenant, id, kind: 'callback' }) })
      .where('key', '=', row.key)
      .where((eb) => eb.or([eb('served_until', 'is', null), eb('served_until', '<', sql<Date>`now()`)]))
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return 'served'
    await insertMessage(trx, parts, { ...row, tenant, id, message: { kind: 'callback' } })
    return 'replaced'
  })
}
