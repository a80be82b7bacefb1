import type { Callback } from '@codemode/shared'

import type { Database } from './database.ts'
import { hasEnded } from './execution-row.ts'
import { insertMessage } from './inbox.ts'
import { encodePayload } from './payload.ts'
import type { WakeUps } from './wake-ups.ts'

/**
 * Replaces the callback of an execution. A runner gives its lease back then, and the next claim reads the callback. Returns
 * false if the execution has ended, or does not exist.
 */
export async function replaceCallback(
  db: Database,
  wakeUps: WakeUps,
  { tenant, id, callback }: { readonly tenant: string; readonly id: string; readonly callback: Callback },
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('executions')
      .select(['key', 'status', 'node'])
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (row === undefined || hasEnded(row)) return false
    await trx
      .updateTable('executions')
      .set({ callback: encodePayload(callback) })
      .where('key', '=', row.key)
      .execute()
    return insertMessage(trx, wakeUps, { ...row, tenant, message: { kind: 'callback' } })
  })
}
