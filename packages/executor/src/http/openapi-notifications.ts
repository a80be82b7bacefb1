import {
  notificationListSchema,
  notificationMessageSchema,
  notificationQuerySchema,
  notificationSchema,
} from '@codemode/shared'
import { z } from 'zod'
import type { ZodOpenApiPathsObject } from 'zod-openapi'

import { correlation, executionId, failures, jsonRequest, requestHeaders, response } from './openapi-parts.ts'

/** Paths of notifications. */
export const notificationPaths: ZodOpenApiPathsObject = {
  '/v1/notifications': {
    get: {
      operationId: 'listNotifications',
      summary: "List the tenant's notifications that were not delivered, oldest first",
      description: 'Requires the right `operate`.',
      requestParams: { query: notificationQuerySchema, header: requestHeaders() },
      responses: {
        200: response('A page of notifications', notificationListSchema),
        ...failures('INVALID_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'STORE_DISABLED', 'STORE_UNAVAILABLE'),
      },
    },
  },
  '/v1/notifications/{id}/resend': {
    post: {
      operationId: 'resendNotification',
      summary: 'Send a notification again that was not delivered, with the same id',
      description: 'Requires the right `operate`.',
      requestParams: { path: z.object({ id: notificationSchema.shape.id }), header: requestHeaders() },
      responses: {
        202: response('The notification, which is sent again', notificationSchema),
        ...failures('UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'STORE_DISABLED', 'STORE_UNAVAILABLE'),
      },
    },
  },
}

/** Requests that the executor sends to the receiver of notifications. */
export const notificationCallback = {
  '{$request.body#/notify/url}': {
    post: {
      summary: 'Notify of an event. Signed by Standard Webhooks with notify.secret; the response body is ignored',
      requestParams: {
        header: z.object({
          'webhook-id': notificationSchema.shape.id,
          'webhook-timestamp': z.string().meta({ description: 'Seconds since the epoch' }),
          'webhook-signature': z.string(),
          ...correlation,
          ...executionId,
        }),
      },
      requestBody: jsonRequest(notificationMessageSchema),
      responses: { '2XX': { description: 'The notification was accepted. Anything else is retried' } },
    },
  },
} satisfies ZodOpenApiPathsObject
