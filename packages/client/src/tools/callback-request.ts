/**
 * Boundary of the tool server: verifies that a request is one that the executor may make. It checks in this order: the
 * bearer token, before it reads a byte of the body; the size; the signature and its age (Standard Webhooks, keyed with
 * the token); the message; and that the message belongs to the token's execution and, if it is a call, to the token's
 * tools.
 */
import {
  callNumberOf,
  correlationIdSchema,
  fixedLimits,
  headers,
  newCorrelationId,
  RequestError,
  toolMessageSchema,
  type ToolCallMessage,
  type ToolCancelMessage,
} from '@codemode/shared'
import { webhookHeaders } from '@codemode/shared/internal'

import { ClockOffset } from './clock-offset.ts'
import { verifyToken, type TokenClaims } from './execution-token.ts'
import type { IncomingRequest } from './incoming-request.ts'
import { signatureToleranceMs, signedAt } from './webhook-signature.ts'

/** Maximum size of a body in bytes: the largest input, the largest context, and room for the rest of the message. */
const maxBodyBytes = fixedLimits.toolInputBytes + fixedLimits.inputBytes + 64 * 1024

/** Verified request of the executor. */
export interface CallbackRequest {
  /** Call, with its deadline on this machine's clock, or cancellation of a call. */
  readonly message: ToolCallMessage | ToolCancelMessage
  /**
   * Expiry of the execution's token, after which no repeat of the call is accepted; in milliseconds since the epoch.
   */
  readonly expiresAt: number
  /** Claims of the token about its tools, and about the processes that can serve its calls. */
  readonly claims: Pick<TokenClaims, 'tools' | 'isBound' | 'isApprovedHere'>
}

/**
 * Reads the message of a request, and verifies it with the secret of the execution tokens. Throws a RequestError if any
 * check fails.
 */
export async function readCallbackRequest(request: IncomingRequest, secret: Uint8Array): Promise<CallbackRequest> {
  const { method, headers: given } = request
  if (method !== 'POST')
    throw new RequestError('INVALID_REQUEST', `A tool call must be a POST request; the method is ${method}.`)
  const token = /^Bearer (\S+)$/i.exec(given[headers.authorization] ?? '')?.[1] ?? ''
  const claims = verifyToken(token, secret)
  if (claims === undefined) {
    throw new RequestError('UNAUTHORIZED', 'The execution token is missing, expired or not from this tool server.', {
      suggestion: 'If several processes serve this URL, give them all the same toolServer.secret.',
    })
  }
  const body = await request.body(maxBodyBytes)
  if (body === undefined)
    throw new RequestError(
      'PAYLOAD_TOO_LARGE',
      `The body of the tool call is larger than the limit of ${maxBodyBytes} bytes.`,
    )
  const sentAt = signedAt(given, body, token)
  if (sentAt === undefined) throw invalidSignature()
  const message = parseMessage(body.toString('utf8'))
  checkScope(message, claims, given[webhookHeaders.id])
  const { expiresAt } = claims
  if (message.type === 'tool.cancel') return { message, expiresAt, claims }
  return { message: { ...message, deadline: localDeadline(message, sentAt, claims) }, expiresAt, claims }
}

/**
 * Returns the deadline on this machine's clock. The executor created the execution after its token was issued here, and
 * sent the delivery before it arrived; in between, a proxy may have held either for any time.
 */
function localDeadline(message: ToolCallMessage, signedAtMs: number, { issuedAt }: TokenClaims): string {
  const sentAt = message.sentAt === undefined ? signedAtMs : Date.parse(message.sentAt)
  const createdAt = message.createdAt === undefined ? sentAt : Date.parse(message.createdAt)
  const offset = new ClockOffset()
  offset.stampedAfter(createdAt, issuedAt)
  offset.stampedBefore(sentAt, Date.now())
  return new Date(offset.estimate(Date.parse(message.deadline))).toISOString()
}

/** Returns the error for a signature that is missing, wrong or outside the tolerance. */
function invalidSignature(): RequestError {
  const message = `The webhook signature is missing, wrong, or more than ${signatureToleranceMs / 1_000} s old or ahead.`
  return new RequestError('UNAUTHORIZED', message, {
    suggestion: 'Check the clocks of both machines, and that no proxy modifies the body of the request.',
  })
}

/** Returns the correlation id to answer with: that of the request if it is valid, otherwise a new one. */
export function correlationIdOf(request: IncomingRequest): string {
  const given = correlationIdSchema.safeParse(request.headers[headers.correlationId])
  return given.success ? given.data : newCorrelationId()
}

function parseMessage(body: string): ToolCallMessage | ToolCancelMessage {
  try {
    return toolMessageSchema.parse(JSON.parse(body))
  } catch (cause) {
    throw new RequestError('INVALID_REQUEST', 'The body must be a tool call or the cancellation of one.', { cause })
  }
}

function checkScope(
  message: ToolCallMessage | ToolCancelMessage,
  claims: TokenClaims,
  webhookId: string | undefined,
): void {
  const { executionId = claims.executionId, callId } = message
  if (executionId !== claims.executionId || callNumberOf(executionId, callId) === undefined || webhookId !== callId) {
    throw new RequestError('FORBIDDEN', 'The call does not belong to the execution of its token.')
  }
  if (message.type === 'tool.call' && !claims.tools.includes(message.tool)) {
    throw new RequestError('FORBIDDEN', `The tool ${message.tool} is not one of the tools of this execution.`, {
      executionId,
    })
  }
}
