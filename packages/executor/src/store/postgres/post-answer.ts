import type { AnswerMessage } from '../execution-store.ts'
import { hasEnded } from './execution-row.ts'
import { insertMessage, lockedRow } from './inbox.ts'
import type { StoreParts } from './store-parts.ts'

interface NewAnswer {
  readonly tenant: string
  readonly id: string
  readonly message: AnswerMessage
  /** Number of entries by which the caller has found the call open. */
  readonly entries: number
}

/** Puts the response to a call into the inbox, unless the journal has more than the given entries. */
export async function postAnswer(
  { db, ...parts }: StoreParts,
  { tenant, id, message, entries }: NewAnswer,
): Promise<'accepted' | 'late' | 'stale'> {
  return db.transaction().execute(async (trx) => {
    // No entry is appended while the row is locked.
    const row = await lockedRow(trx, { tenant, id })
    if (row === undefined || hasEnded(row)) return 'late'
    const later = await trx
      .selectFrom('entries')
      .select('position')
      .where('key', '=', row.key)
      .where('position', '>=', entries)
      .limit(1)
      .execute()
    if (later.length > 0) return 'stale'
    return (await insertMessage(trx, parts, { ...row, tenant, id, message })) ? 'accepted' : 'late'
  })
}
