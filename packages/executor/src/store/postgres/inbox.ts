import type { Transaction } from 'kysely'

import type { AnswerMessage, InboxMessage, ReceivedMessage } from '../execution-store.ts'
import type { Database, Tables } from './database.ts'
import { hasEnded } from './execution-row.ts'
import { decodePayload, encodePayload } from './payload.ts'
import type { WakeUps } from './wake-ups.ts'

/**
 * Puts a message into the inbox of an execution under the lock of its row, which parking takes as well: the message is seen
 * by whoever parks the execution, or the execution is parked already and is woken in the same transaction. Returns false
 * if the execution has ended, or does not exist.
 */
export async function postMessage(
  db: Database,
  wakeUps: WakeUps,
  { tenant, id, message }: { readonly tenant: string; readonly id: string; readonly message: InboxMessage },
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const row = await lockedRow(trx, { tenant, id })
    if (row === undefined || hasEnded(row)) return false
    return insertMessage(trx, wakeUps, { ...row, tenant, message })
  })
}

interface NewMessage {
  readonly key: string
  readonly tenant: string
  /** Node that holds the lease; null if the execution is parked. */
  readonly node: string | null
  readonly message: InboxMessage
}

/**
 * Inserts a message for an execution whose row is locked, and wakes the execution. Returns false if the inbox has another
 * answer to the same call.
 */
export async function insertMessage(
  trx: Transaction<Tables>,
  wakeUps: WakeUps,
  { key, tenant, node, message }: NewMessage,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await trx
    .insertInto('inbox')
    .values({ key, payload: encodePayload(message), call: answeredCall(message) })
    .onConflict((conflict) => conflict.columns(['key', 'call']).doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 0n) return false
  if (node === null) await wakeUps.send(trx, [{ key, tenant }])
  return true
}

function answeredCall(message: InboxMessage): number | null {
  return message.kind === 'answer' && 'ok' in message.response ? message.call : null
}

/** Puts the response to a call into the inbox, unless the journal has more than the given entries. */
export async function postAnswer(
  db: Database,
  wakeUps: WakeUps,
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
    return (await insertMessage(trx, wakeUps, { ...row, tenant, message })) ? 'accepted' : 'late'
  })
}

interface NewAnswer {
  readonly tenant: string
  readonly id: string
  readonly message: AnswerMessage
  readonly entries: number
}

function lockedRow(trx: Transaction<Tables>, { tenant, id }: { readonly tenant: string; readonly id: string }) {
  return trx
    .selectFrom('executions')
    .select(['key', 'status', 'node'])
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
}

/** Returns the messages in the inbox of an execution, in the order of their arrival. */
export async function readMessages(db: Database, key: string): Promise<ReceivedMessage[]> {
  const rows = await db
    .selectFrom('inbox')
    .select(['number', 'payload'])
    .where('key', '=', key)
    .orderBy('number')
    .execute()
  return rows.map(({ number, payload }) => ({
    number: Number(number),
    message: decodePayload(payload) as InboxMessage,
  }))
}

/** Returns the keys of those of the given executions whose inboxes have messages. */
export async function keysWithMessages(db: Database, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const rows = await db.selectFrom('inbox').select('key').distinct().where('key', 'in', keys).execute()
  return rows.map(({ key }) => key)
}
