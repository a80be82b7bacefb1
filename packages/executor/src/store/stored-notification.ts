import type { Notification } from '@codemode/shared'

/** Notification on its way to its receiver. */
export interface OutgoingNotification {
  /** Id of the webhook, the same in all attempts. */
  readonly id: string
  readonly tenant: string
  readonly executionId: string
  readonly correlationId: string
  readonly url: string
  /** Secret of the signature, `whsec_…`. */
  readonly secret: string
  /** JSON text, the same in all attempts. */
  readonly body: string
}

/**
 * Makes one attempt to deliver a notification, and returns the reason for which it failed; undefined if the receiver has
 * accepted the notification. Never rejects.
 */
export type SendNotification = (notification: OutgoingNotification, signal: AbortSignal) => Promise<string | undefined>

/** Filter and page of a list of notifications. */
export interface NotificationListOptions {
  readonly status?: Notification['status']
  readonly limit: number
  /** Cursor of the page before; undefined for the first page. */
  readonly cursor?: string
}
