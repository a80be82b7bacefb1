import { sql, type Transaction } from 'kysely'

import type { InboxMessage, ReceivedMessage } from '../execution-store.ts'
import type { Database, Tables } from './database.ts'
import { hasEnded } from './execution-row.ts'
import type { ExecutionKey, ReadingParts, StoreParts } from './store-parts.ts'

/**
 * Puts a message into the inbox of an execution under the lock of its row, which parking takes as well: the message is seen
 * by whoever parks the execution, or the execution is parked already and is woken in the same transaction. Returns false
 * if the execution has ended, or does not exist.
 */
export async function postMessage(
  { db, payloads, wakeUps }: StoreParts,
  { tenant, id, message }: { readonly tenant: string; readonly id: string; readonly message: InboxMessage },
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const row = await lockedRow(trx, { tenant, id })
    if (row === undefined || hasEnded(row)) return false
    return insertMessage(trx, { payloads, wakeUps }, { ...row, tenant, id, message })
  })
}

interface NewMessage extends ExecutionKey {
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
  { payloads, wakeUps }: Pick<StoreParts, 'payloads' | 'wakeUps'>,
  { key, tenant, id, node, message }: NewMessage,
): Promise<boolean> {
  // The number is part of what is encrypted. Under the lock, the numbers of an inbox are in the order of the commits.
  const [number = ''] = await nextNumbers(trx, 1)
  const payload = payloads.encode(message, { tenant, id, kind: 'message', position: Number(number) })
  const { rows } = await sql`
    insert into codemode.inbox (number, key, payload, call) overriding system value
    values (${number}, ${key}, ${payload}, ${answeredCall(message)})
    on conflict (key, call) do nothing
    returning number`.execute(trx)
  if (rows.length === 0) return false
  if (node !== null) return true
  await trx
    .updateTable('executions')
    .set({ wake_at: sql`now()` })
    .where('key', '=', key)
    .execute()
  await wakeUps.send(trx, [{ key, tenant }])
  return true
}

/**
 * Inserts a cancellation of each of these executions, whose rows are locked in the order of their keys, and wakes those that
 * nobody holds.
 */
export async function insertCancellations(
  trx: Transaction<Tables>,
  { payloads, wakeUps }: Pick<StoreParts, 'payloads' | 'wakeUps'>,
  executions: readonly (ExecutionKey & Pick<NewMessage, 'node'>)[],
  reason: string,
): Promise<void> {
  if (executions.length === 0) return
  const message: InboxMessage = { kind: 'cancel', reason }
  const numbers = await nextNumbers(trx, executions.length)
  const texts = executions.map(({ tenant, id }, index) =>
    payloads.encode(message, { tenant, id, kind: 'message', position: Number(numbers[index]) }),
  )
  await sql`
    insert into codemode.inbox (number, key, payload) overriding system value
    select * from unnest(${numbers}::bigint[], ${executions.map(({ key }) => key)}::bigint[], ${texts}::text[])`.execute(
    trx,
  )
  const parked = executions.filter(({ node }) => node === null)
  await trx
    .updateTable('executions')
    .set({ wake_at: sql`now()` })
    .where('key', '=', sql<string>`any(${parked.map(({ key }) => key)}::bigint[])`)
    .execute()
  // The first one may have a wake-up already, with which each of the others in the same call would be sent by itself.
  await wakeUps.send(trx, parked.slice(0, 1))
  await wakeUps.send(trx, parked.slice(1))
}

function answeredCall(message: InboxMessage): number | null {
  return message.kind === 'answer' && 'ok' in message.response ? message.call : null
}

async function nextNumbers(trx: Transaction<Tables>, count: number): Promise<string[]> {
  const { rows } = await sql<{ number: string }>`
    select nextval(pg_get_serial_sequence('codemode.inbox', 'number')) as number
    from generate_series(1, ${count}::int)`.execute(trx)
  return rows.map(({ number }) => number)
}

/** Locks the row of an execution, as posting a message and parking do. */
export function lockedRow(trx: Transaction<Tables>, { tenant, id }: { readonly tenant: string; readonly id: string }) {
  return trx
    .selectFrom('executions')
    .select(['key', 'status', 'node'])
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
}

/** Returns the messages in the inbox of an execution, in the order of their arrival. */
export async function readMessages(
  { db, payloads }: ReadingParts,
  { key, tenant, id }: ExecutionKey,
): Promise<ReceivedMessage[]> {
  const rows = await db
    .selectFrom('inbox')
    .select(['number', 'payload'])
    .where('key', '=', key)
    .orderBy('number')
    .execute()
  return rows.map(({ number: text, payload }) => {
    const number = Number(text)
    return {
      number,
      message: payloads.decode(payload, { tenant, id, kind: 'message', position: number }) as InboxMessage,
    }
  })
}

/** Returns the keys of those of the given executions whose inboxes have messages. */
export async function keysWithMessages(db: Database, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const rows = await db
    .selectFrom('inbox')
    .select('key')
    .distinct()
    .where('key', '=', sql<string>`any(${keys}::bigint[])`)
    .execute()
  return rows.map(({ key }) => key)
}

/** Returns for each of the given executions whether its inbox has messages. */
export async function haveMessages(db: Database, keys: readonly string[]): Promise<boolean[]> {
  const found = new Set(await keysWithMessages(db, keys))
  return keys.map((key) => found.has(key))
}
