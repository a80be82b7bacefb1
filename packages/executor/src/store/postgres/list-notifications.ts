import { RequestError, type Notification, type NotificationList, type NotificationMessage } from '@codemode/shared'
import type { Selectable } from 'kysely'

import type { NotificationListOptions } from '../stored-notification.ts'
import type { Tables } from './database.ts'
import type { Payloads } from './payload.ts'
import type { ReadingParts } from './store-parts.ts'

/** Columns of a notification, and the id of its execution. */
export type NotificationColumns = Omit<Selectable<Tables['notifications']>, 'key'> & { readonly execution_id: string }

/** Returns a page of the tenant's notifications that were not delivered, oldest first. */
export async function listNotifications(
  { db, payloads }: ReadingParts,
  tenant: string,
  { status, limit, cursor }: NotificationListOptions,
): Promise<NotificationList> {
  let query = db
    .selectFrom('notifications as n')
    .innerJoin('executions as e', 'e.key', 'n.key')
    .select(['n.number', 'n.tenant', 'n.id', 'n.payload', 'n.status', 'n.created_at'])
    .select(['n.attempts', 'n.last_attempt_at', 'n.problem', 'e.id as execution_id'])
    .where('n.tenant', '=', tenant)
    .orderBy('n.number')
    .limit(limit + 1)
  if (status !== undefined) query = query.where('n.status', '=', status)
  if (cursor !== undefined) query = query.where('n.number', '>', numberOf(cursor))
  const rows = await query.execute()
  const items = rows.slice(0, limit).map((row) => notificationOf(row, payloads))
  return { items, nextCursor: rows.length > limit ? rows[limit - 1]!.number : null }
}

/** Returns a notification as the API shows it. */
export function notificationOf(row: NotificationColumns, payloads: Payloads): Notification {
  return {
    id: row.id,
    type: messageOf(row, payloads).type,
    executionId: row.execution_id,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    attempts: row.attempts,
    ...(row.last_attempt_at !== null && { lastAttemptAt: row.last_attempt_at.toISOString() }),
    ...(row.problem !== null && { problem: row.problem }),
  }
}

/** Returns the message of a notification. */
export function messageOf(
  { tenant, execution_id, id, payload }: Pick<NotificationColumns, 'tenant' | 'execution_id' | 'id' | 'payload'>,
  payloads: Payloads,
): NotificationMessage {
  return payloads.decode(payload, {
    tenant,
    id: execution_id,
    kind: 'notification',
    position: id,
  }) as NotificationMessage
}

function numberOf(cursor: string): string {
  if (/^\d{1,18}$/.test(cursor)) return cursor
  throw new RequestError('INVALID_REQUEST', 'cursor: it is not a nextCursor of this list')
}
