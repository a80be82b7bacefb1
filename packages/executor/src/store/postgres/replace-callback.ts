import type { Callback } from '@codemode/shared'

import { hasEnded } from './execution-row.ts'
import { insertMessage, lockedRow } from './inbox.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Replaces the callback of an execution. A runner gives its lease back then, and the next claim reads the callback. Returns
 * false if the execution has ended, or does not exist.
 */
export async function replaceCallback(
  { db, ...parts }: StoreParts,
  { tenant, id, callback }: { readonly tenant: string; readonly id: string; readonly callback: Callback },
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const row = await lockedRow(trx, { tenant, id })
    if (row === undefined || hasEnded(row)) return false
    await trx
      .updateTable('executions')
      .set({ callback: parts.payloads.encode(callback, { tenant, id, kind: 'callback' }) })
      .where('key', '=', row.key)
      .execute()
    return insertMessage(trx, parts, { ...row, tenant, id, message: { kind: 'callback' } })
  })
}
