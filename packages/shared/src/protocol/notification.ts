// Notifications: signed requests by Standard Webhooks (https://www.standardwebhooks.com) to the receiver that the request
// of an execution names. They have no input, context, result or log of the code, which may be secret.
import { z } from 'zod'

import { inputHashSchema } from './approval.ts'
import { executionStatusSchema } from './execution-record.ts'
import { executionFailureSchema } from './execution-result.ts'

const subject = {
  executionId: z.string(),
  correlationId: z.string(),
  label: z.string().optional().meta({ description: 'Label of the execution' }),
}
const timestamp = z.iso.datetime().meta({ description: 'Time of the event' })
const error = executionFailureSchema.pick({ code: true, message: true })

/** Body of a notification. */
export const notificationMessageSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('execution.finished'),
      timestamp,
      data: z.object({
        ...subject,
        status: executionStatusSchema.extract(['completed', 'failed', 'cancelled']),
        error: error
          .optional()
          .meta({ description: 'Code and message of the error, unless the status is `completed`' }),
      }),
    }),
    z.object({
      type: z.literal('execution.needs_attention'),
      timestamp,
      data: z.object({
        ...subject,
        status: z.literal('needs_attention'),
        error: error.optional().meta({ description: 'Reason for which the execution waits for an operator' }),
      }),
    }),
    z.object({
      type: z.literal('approval.requested'),
      timestamp,
      data: z.object({
        ...subject,
        callId: z.string(),
        tool: z.string(),
        inputHash: inputHashSchema,
        reason: z.string().optional().meta({ description: 'Reason that the tool gave for asking' }),
        expiresAt: z.iso.datetime().optional(),
      }),
    }),
  ])
  .meta({ id: 'NotificationMessage' })

/** Body of a notification. */
export type NotificationMessage = z.infer<typeof notificationMessageSchema>

const notificationStatusSchema = z
  .enum(['pending', 'dead'])
  .meta({ description: '`pending` until it is delivered; `dead` after the last attempt' })

/** Notification that was not delivered. */
export const notificationSchema = z
  .object({
    id: z.string().meta({ description: 'Id of the webhook, the same in all attempts' }),
    type: z.enum(['execution.finished', 'execution.needs_attention', 'approval.requested']),
    executionId: z.string(),
    status: notificationStatusSchema,
    createdAt: z.iso.datetime(),
    attempts: z.int().meta({ description: 'Number of attempts that failed' }),
    lastAttemptAt: z.iso.datetime().optional(),
    problem: z.string().optional().meta({ description: 'Reason for which the last attempt failed' }),
  })
  .meta({ id: 'Notification' })

/** Notification that was not delivered. */
export type Notification = z.infer<typeof notificationSchema>

/** Response of `GET /v1/notifications`: a page of the tenant's notifications that were not delivered, oldest first. */
export const notificationListSchema = z
  .object({
    items: z.array(notificationSchema),
    nextCursor: z.string().nullable().meta({ description: 'Cursor of the next page; null on the last one' }),
  })
  .meta({ id: 'NotificationList' })

export type NotificationList = z.infer<typeof notificationListSchema>

/** Query of `GET /v1/notifications`. */
export const notificationQuerySchema = z.strictObject({
  status: notificationStatusSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(256).optional().meta({ description: '`nextCursor` of the page before' }),
})

export type NotificationQuery = z.infer<typeof notificationQuerySchema>
