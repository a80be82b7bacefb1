/**
 * The boundary of the tool server: whether a request is a call that the executor may make. In this order: the bearer
 * token, before a byte of the body is read; the size; the signature and its age (Standard Webhooks, keyed with the
 * token); the message; and that it belongs to the token's execution and tools.
 */
import {
  callNumberOf,
  correlationIdSchema,
  fixedLimits,
  headers,
  newCorrelationId,
  RequestError,
  toolCallMessageSchema,
  type ToolCallMessage,
} from '@codemode/shared'
import type { Webhook } from 'standardwebhooks'

import { onLocalClock } from './deadline.ts'
import type { TokenClaims } from './execution-token.ts'
import type { VerifiedTokens } from './verified-tokens.ts'

/** The largest input, the largest context, and room for the rest of the message. */
const maxBodyBytes = fixedLimits.toolInputBytes + fixedLimits.inputBytes + 64 * 1024

/** A verified request of the executor. */
export interface Delivery {
  /** The call, its deadline by this machine's clock. */
  readonly message: ToolCallMessage
  /** When the token of its execution expires, and with it every repeat of the call; in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** The verified call of a request. Throws a RequestError for anything else. */
export async function readDelivery(request: Request, tokens: VerifiedTokens): Promise<Delivery> {
  if (request.method !== 'POST') {
    throw new RequestError('INVALID_REQUEST', `A tool call is a POST, not a ${request.method}.`)
  }
  const token = /^Bearer (\S+)$/i.exec(request.headers.get(headers.authorization) ?? '')?.[1] ?? ''
  const claims = await tokens.verify(token)
  if (claims === undefined) {
    throw new RequestError('UNAUTHORIZED', 'The execution token is missing, expired or not from this tool server.', {
      suggestion: 'If several processes serve this URL, give them all the same toolServer.secret.',
    })
  }
  const body = await readText(request)
  const sentAt = verifySignature(request, claims.webhook, body)
  const message = parseMessage(body)
  checkScope(message, claims, request.headers.get('webhook-id'))
  return {
    message: { ...message, deadline: onLocalClock(message.deadline, sentAt) },
    expiresAt: claims.expiresAt,
  }
}

/** The correlation id to answer with: the request's, if it is one. */
export function correlationIdOf(request: Request): string {
  const given = correlationIdSchema.safeParse(request.headers.get(headers.correlationId))
  return given.success ? given.data : newCorrelationId()
}

async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > maxBodyBytes) {
      throw new RequestError('PAYLOAD_TOO_LARGE', `A tool call may have ${maxBodyBytes} bytes.`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** When the request was signed, in milliseconds since the epoch. */
function verifySignature(request: Request, webhook: Webhook, body: string): number {
  try {
    webhook.verify(body, Object.fromEntries(request.headers), { jsonParse: false })
  } catch (cause) {
    throw new RequestError('UNAUTHORIZED', 'The signature is missing, wrong, or too old.', { cause })
  }
  return Number.parseInt(request.headers.get('webhook-timestamp')!, 10) * 1000
}

function parseMessage(body: string): ToolCallMessage {
  try {
    return toolCallMessageSchema.parse(JSON.parse(body))
  } catch (cause) {
    throw new RequestError('INVALID_REQUEST', 'The body is not a tool call.', { cause })
  }
}

function checkScope(message: ToolCallMessage, claims: TokenClaims, webhookId: string | null): void {
  const { executionId, callId, tool } = message
  if (executionId !== claims.executionId || callNumberOf(executionId, callId) === undefined || webhookId !== callId) {
    throw new RequestError('FORBIDDEN', 'The call does not belong to the execution of its token.')
  }
  if (!claims.tools.includes(tool)) {
    throw new RequestError('FORBIDDEN', `The execution may not call ${tool}.`, { executionId })
  }
}
