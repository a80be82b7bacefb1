import { notificationQuerySchema, type Notification, type NotificationList } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { readQuery } from './read-query.ts'
import { requireRight } from './rights.ts'

/** Handles GET /v1/notifications: responds with a page of the tenant's notifications that were not delivered. */
export function listNotifications({ engine }: { engine: Pick<Engine, 'listNotifications'> }): Handler<HttpEnv> {
  return async function listNotifications(c) {
    requireRight(c.get('principal'), 'operate', 'Listing notifications')
    const query = readQuery(c, notificationQuerySchema)
    const { status, cursor, limit } = query
    const page = await engine.listNotifications(c.get('principal').tenant, {
      limit,
      ...(status !== undefined && { status }),
      ...(cursor !== undefined && { cursor }),
    })
    return c.json(page satisfies NotificationList)
  }
}

/** Handles POST /v1/notifications/:id/resend: sends a notification again that was not delivered. */
export function resendNotification({
  engine,
}: {
  engine: Pick<Engine, 'resendNotification'>
}): Handler<HttpEnv, '/notifications/:id/resend'> {
  return async function resendNotification(c) {
    requireRight(c.get('principal'), 'operate', 'Sending a notification again')
    const notification = await engine.resendNotification(c.get('principal').tenant, c.req.param('id'))
    return c.json(notification satisfies Notification, 202)
  }
}
