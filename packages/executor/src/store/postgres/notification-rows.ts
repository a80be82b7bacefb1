// Rows of notifications that were not delivered. A row is inserted with the entries that cause it, with a job that
// delivers it, and deleted when it was delivered.
import type { Notification, Notify } from '@codemode/shared'
import { sql } from 'kysely'

import type { ExecutionFacts } from '../execution-store.ts'
import type { OutgoingNotification } from '../stored-notification.ts'
import { notificationsOf, type ExecutionChange } from '../notifications-of.ts'
import type { Database } from './database.ts'
import { messageOf, notificationOf, type NotificationColumns } from './list-notifications.ts'
import type { NotificationJob, NotificationQueue } from './notification-queue.ts'
import type { Payloads } from './payload.ts'
import type { ReadingParts, StoreParts } from './store-parts.ts'

/** Notification to insert. */
export interface NotificationRow {
  readonly key: string
  readonly tenant: string
  readonly id: string
  readonly payload: string
}

/** Returns the notifications that a change of an execution causes. */
export function notificationRows(
  payloads: Payloads,
  { key, execution }: { readonly key: string; readonly execution: { readonly facts: ExecutionFacts } },
  changed: ExecutionChange,
): NotificationRow[] {
  const { tenant, id: executionId } = execution.facts
  return notificationsOf(execution.facts, changed).map(({ id, message }) => ({
    key,
    tenant,
    id,
    payload: payloads.encode(message, { tenant, id: executionId, kind: 'notification', position: id }),
  }))
}

/** Inserts notifications and sends their jobs. One that exists was inserted by an earlier attempt of the same commit. */
export async function insertNotifications(
  db: Database,
  queue: NotificationQueue,
  notifications: readonly NotificationRow[],
): Promise<void> {
  if (notifications.length === 0) return
  const { rows } = await sql<{ number: string; tenant: string }>`
    insert into codemode.notifications (key, tenant, id, payload)
    select key, tenant, id, payload
    from unnest(
      ${notifications.map(({ key }) => key)}::bigint[],
      ${notifications.map(({ tenant }) => tenant)}::text[],
      ${notifications.map(({ id }) => id)}::text[],
      ${notifications.map(({ payload }) => payload)}::text[]
    ) as new (key, tenant, id, payload)
    on conflict do nothing
    returning number, tenant`.execute(db)
  await queue.send(db, rows)
}

/** Returns a notification with its receiver; undefined if it was delivered or deleted. */
export async function findOutgoing(
  { db, payloads }: ReadingParts,
  number: string,
): Promise<OutgoingNotification | undefined> {
  const row = await db
    .selectFrom('notifications as n')
    .innerJoin('executions as e', 'e.key', 'n.key')
    .select(['n.id', 'n.tenant', 'n.payload', 'e.id as execution_id', 'e.correlation_id', 'e.notify'])
    .where('n.number', '=', number)
    .executeTakeFirst()
  if (row === undefined || row.notify === null) return undefined
  const place = { tenant: row.tenant, id: row.execution_id, kind: 'notify' } as const
  const { url, secret } = payloads.decode(row.notify, place) as Notify
  return {
    id: row.id,
    tenant: row.tenant,
    executionId: row.execution_id,
    correlationId: row.correlation_id,
    url,
    secret,
    body: JSON.stringify(messageOf(row, payloads)),
  }
}

/** Deletes a notification that was delivered, and completes its job. */
export async function deleteDelivered(db: Database, queue: NotificationQueue, job: NotificationJob): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('notifications').where('number', '=', job.number).execute()
    await queue.complete(trx, job)
  })
}

/** Takes note of an attempt that failed. */
export async function recordFailure(db: Database, number: string, problem: string): Promise<void> {
  await db
    .updateTable('notifications')
    .set(({ eb }) => ({
      attempts: eb('attempts', '+', 1),
      last_attempt_at: sql<Date>`now()`,
      problem,
    }))
    .where('number', '=', number)
    .execute()
}

/** Marks notifications as dead letters, and returns their ids. */
export async function markDead(db: Database, numbers: readonly string[]): Promise<string[]> {
  const rows = await db
    .updateTable('notifications')
    .set({ status: 'dead' })
    .where('number', 'in', numbers)
    .returning('id')
    .execute()
  return rows.map(({ id }) => id)
}

/** Sends a notification again, also one that waits for its next attempt. Returns undefined if there is none. */
export async function resendNotification(
  { db, payloads, notifications: queue }: Omit<StoreParts, 'wakeUps'>,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<Notification | undefined> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<NotificationColumns>`
      update codemode.notifications n set status = 'pending'
      from codemode.executions e
      where e.key = n.key and n.tenant = ${tenant} and n.id = ${id}
      returning n.number, n.tenant, n.id, n.payload, n.status, n.created_at, n.attempts, n.last_attempt_at, n.problem,
        e.id as execution_id`.execute(trx)
    const [row] = rows
    if (row === undefined) return undefined
    await queue.send(trx, [row])
    return notificationOf(row, payloads)
  })
}
