// Notifications by HTTP, signed after https://www.standardwebhooks.com. Only the status of the response counts.
import { headers } from '@codemode/shared'
import type { Logger } from 'pino'

import type { CallbackGuard } from './callback-guard.ts'
import { post, type PostResponse } from './post.ts'
import { signatureHeaders } from './signature-headers.ts'
import type { TenantAgents } from './tenant-agents.ts'

const defaultTimeoutMs = 15_000
/** Bytes of a response that are read, so that its connection can be used again. */
const maxResponseBytes = 16 * 1024
const secretPrefix = 'whsec_'

interface NotificationSenderOptions {
  /** Guard of the origins of receivers. */
  readonly guard: Pick<CallbackGuard, 'check'>
  /** Agents of the guard, which decides where they may connect to. */
  readonly agents: TenantAgents
  readonly logger: Logger
  /** Milliseconds for one attempt. */
  readonly timeoutMs?: number
}

/** Notification on its way to its receiver. */
interface Delivery {
  readonly id: string
  readonly tenant: string
  readonly executionId: string
  readonly correlationId: string
  readonly url: string
  readonly secret: string
  readonly body: string
}

/**
 * Returns a function that makes one attempt to deliver a notification, and returns the reason for which it failed. The
 * reason does not tell a forbidden address from one without a server; the log does.
 */
export function createNotificationSender({
  guard,
  agents,
  logger,
  timeoutMs = defaultTimeoutMs,
}: NotificationSenderOptions): (delivery: Delivery, signal: AbortSignal) => Promise<string | undefined> {
  async function attempt(delivery: Delivery, signal: AbortSignal): Promise<Failure | undefined> {
    try {
      guard.check(delivery.url)
    } catch (err) {
      return { problem: 'The executor does not allow the origin of the receiver (CODEMODE_NOTIFY_ORIGINS).', err }
    }
    const timeout = AbortSignal.timeout(timeoutMs)
    const ended = AbortSignal.any([signal, timeout])
    const body = Buffer.from(delivery.body)
    const request = { url: new URL(delivery.url), headers: headersOf(delivery, body), body, signal: ended }
    try {
      return failureOf(
        await agents.use(delivery.tenant, ended, (agent) => post(agent, { ...request, maxBytes: maxResponseBytes })),
      )
    } catch (err) {
      if (timeout.aborted) return { problem: `The receiver did not answer within ${timeoutMs} ms.`, err }
      return { problem: 'The receiver was not reached, or broke the connection.', err }
    }
  }

  return async function sendNotification(delivery, signal) {
    const failure = await attempt(delivery, signal)
    if (failure === undefined) return undefined
    const { id, executionId, correlationId } = delivery
    logger.warn({ notification: id, executionId, correlationId, ...failure }, 'a notification was not delivered')
    return failure.problem
  }
}

interface Failure {
  readonly problem: string
  readonly err?: unknown
}

function failureOf(response: PostResponse): Failure | undefined {
  if (!('status' in response) || (response.status >= 200 && response.status < 300)) return undefined
  const { status } = response
  const isRedirect = status >= 300 && status < 400
  return {
    problem: `The receiver answered with status ${status}${isRedirect ? ', a redirect that is not followed' : ''}.`,
  }
}

function headersOf({ id, secret, correlationId, executionId }: Delivery, body: Uint8Array): Record<string, string> {
  return {
    ...signatureHeaders(id, body, Buffer.from(secret.slice(secretPrefix.length), 'base64')),
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'codemode-executor',
    [headers.correlationId]: correlationId,
    [headers.executionId]: executionId,
  }
}
