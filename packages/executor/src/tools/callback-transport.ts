// Tool calls by HTTP to the client's tool server, signed after https://www.standardwebhooks.com. The guest gets
// no information about the connection; failures are described in the executor's log only.
import { setTimeout as delay } from 'node:timers/promises'

import { errorCodes, fixedLimits, toolResponseSchema, type ToolAnswer, type ToolResponse } from '@codemode/shared'
import { isTemporaryStatus, toolCancelled, toolOutputTooLarge } from '@codemode/shared/internal'
import { context } from '@opentelemetry/api'
import type { Logger } from 'pino'

import { CallCancels } from './call-cancels.ts'
import { callbackHeaders } from './callback-headers.ts'
import { post, type OtherResponse } from './post.ts'
import type { TenantAgents } from './tenant-agents.ts'
import { answerEnvelopeBytes, toolCallConflict, toolUnavailable } from './tool-answers.ts'
import { CallContinues, type CallbackTarget, type OutgoingCall, type ToolTransport } from './transport.ts'

/**
 * Maximum number of attempts that count. Eight take about two seconds, which is enough for a tool server that restarts
 * and for a network that breaks a fifth of all connections. No backoff is as long as a tool server waits for the next
 * delivery before it aborts the handler, which is a second.
 */
const maxAttempts = 8
const backoff = { firstMs: 50, maxMs: 400, maxRetryAfterMs: 5_000 }

/** Longest backoff in milliseconds of a call that a tool server keeps for a grace period, which is much longer. */
const maxPatientBackoffMs = 5_000

/**
 * Milliseconds after which an attempt that fails is not counted: the call was under way, and a gateway ended the
 * request because it was quiet. The next attempt joins the handler that runs. The call's own deadline limits such
 * attempts.
 */
const defaultQuietMs = 100

const conflictStatus = errorCodes.IDEMPOTENCY_CONFLICT.httpStatus
const gatewayText = 'a gateway answered in place of the tool server'
const invalidText = 'the tool server gave no valid answer'
const unauthorizedText =
  'the tool server refused the token or the signature: its processes may have different values of toolServer.secret, ' +
  'or a clock may be wrong'

const maxResponseBytes = fixedLimits.toolOutputBytes + answerEnvelopeBytes

interface CallbackTransportOptions extends CallbackTarget {
  /** Agents of the callback guard, which decides where they may connect to. */
  readonly agents: TenantAgents
  /**
   * Sender of cancellations for calls that are aborted after they were sent. Executions share it, and with it its
   * limits.
   */
  readonly cancels?: CallCancels
  readonly logger: Logger
  readonly quietMs?: number
  /** Longest backoff in milliseconds; it depends on the grace period by default. */
  readonly maxBackoffMs?: number
}

/** Outcome of one attempt: an answer for the guest, or a failure that is retried. */
type Outcome = { readonly answer: ToolResponse } | { readonly failure: Failure }

interface Failure {
  readonly error?: unknown
  readonly gateway?: OtherResponse
  /** Milliseconds since the request was sent; 0 if it was not sent. */
  readonly durationMs: number
}

/**
 * Returns the transport of one execution that came with a callback. A failed connection is retried with the same call
 * id, and so is a gateway's answer in place of the tool server's. A forbidden address is treated like a failed
 * connection, so that neither the answer nor its delay reveals which it was. When the signal of a call aborts after the
 * call was sent, the tool server gets a `tool.cancel`. With a grace period, attempts go on until the signal aborts.
 */
export function createCallbackTransport(options: CallbackTransportOptions): ToolTransport {
  const { callback, tenant, gracePeriodMs, agents, logger, quietMs = defaultQuietMs } = options
  const { cancels = new CallCancels({ agents, logger }) } = options
  const url = new URL(callback.url)
  const attemptLimit = gracePeriodMs === undefined ? maxAttempts : Infinity
  const { maxBackoffMs = gracePeriodMs === undefined ? backoff.maxMs : maxPatientBackoffMs } = options

  async function attempt(call: OutgoingCall, { body, signal, onFirstSent }: Attempt): Promise<Outcome> {
    let sentAt: number | undefined
    const onSent = () => {
      sentAt = performance.now()
      onFirstSent()
    }
    const durationMs = () => (sentAt === undefined ? 0 : performance.now() - sentAt)
    const { executionId, callId, correlationId } = call
    const ids = { executionId, callId, correlationId }
    const headers = callbackHeaders({ ...ids, token: callback.token, body, trace: context.active() })
    const request = { url, headers, body, maxBytes: maxResponseBytes, signal, onSent }
    try {
      const answer = await agents.use(tenant, signal, (agent) => post(agent, request))
      if ('isTooLarge' in answer) return { answer: toolOutputTooLarge(call.tool, answer.sizeBytes) }
      if ('bytes' in answer) return { answer: readAnswer(answer.bytes) ?? invalid(call, { status: 200 }) }
      if (answer.status === conflictStatus) return { answer: conflict(call) }
      if (isTemporaryStatus(answer.status)) return { failure: { gateway: answer, durationMs: durationMs() } }
      return { answer: invalid(call, answer) }
    } catch (error) {
      return { failure: { error, durationMs: durationMs() } }
    }
  }

  function conflict(call: OutgoingCall): ToolAnswer {
    logger.error(idsOf(call), 'the tool server knows the call id with another tool or input: the code has run twice')
    return toolCallConflict(call.tool)
  }

  function invalid(call: OutgoingCall, { location, ...answer }: OtherResponse): ToolAnswer {
    const redirectsTo = location === undefined ? undefined : withoutQuery(location, url)
    logger.warn({ ...idsOf(call), ...answer, redirectsTo }, answer.status === 401 ? unauthorizedText : invalidText)
    return toolUnavailable(call.tool)
  }

  return {
    async call(call, signal) {
      const trace = context.active()
      let wasSent = false
      const onFirstSent = (): void => void (wasSent = true)
      const cancel = (): void => {
        if (wasSent && !(signal.reason instanceof CallContinues))
          cancels.send({ callback, tenant, call, reason: reasonOf(signal), trace })
      }
      signal.addEventListener('abort', cancel, { once: true })
      try {
        return await attemptUntilAnswered(call, onFirstSent, signal)
      } finally {
        signal.removeEventListener('abort', cancel)
      }
    },
    cancel(call, { message }) {
      cancels.send({ callback, tenant, call, reason: message, trace: context.active() })
    },
  }

  async function attemptUntilAnswered(
    call: OutgoingCall,
    onFirstSent: () => void,
    signal: AbortSignal,
  ): Promise<ToolResponse> {
    const startedAt = performance.now()
    let countedAttempts = 0
    for (let number = 1; !signal.aborted; number++) {
      const elapsedMs = number === 1 ? 0 : performance.now() - startedAt
      const body = Buffer.from(messageOf(call, { elapsedMs, gracePeriodMs }))
      const outcome = await attempt(call, { body, signal, onFirstSent })
      if ('answer' in outcome) return outcome.answer
      const { error, gateway, durationMs } = outcome.failure
      if (signal.aborted) break
      if (durationMs < quietMs) countedAttempts += 1
      const facts = {
        ...idsOf(call),
        attempt: number,
        ...(gracePeriodMs === undefined && { maxAttempts }),
        err: error,
        status: gateway?.status,
      }
      logger.warn(facts, gateway ? gatewayText : 'an attempt to call the tool server failed')
      if (countedAttempts === attemptLimit) {
        logger.warn(facts, 'the tool call failed: all attempts are used up')
        return toolUnavailable(call.tool, gateway?.status)
      }
      const delayMs = backoffAfter(number, maxBackoffMs, gateway?.retryAfterMs)
      await delay(delayMs, undefined, { signal }).catch(() => {})
    }
    return toolCancelled(call.tool)
  }
}

/**
 * Returns the milliseconds to wait after the n-th attempt: exponential backoff with jitter, or the time in a gateway's
 * `retry-after` if that is longer.
 */
function backoffAfter(number: number, maxMs: number, retryAfterMs = 0): number {
  const backoffMs = Math.min(backoff.firstMs * 2 ** (number - 1) * (1 + Math.random()), maxMs)
  return Math.max(backoffMs, Math.min(retryAfterMs, backoff.maxRetryAfterMs))
}

interface Attempt {
  readonly body: Buffer
  readonly signal: AbortSignal
  /** Called when a connection takes the request. */
  readonly onFirstSent: () => void
}

function reasonOf({ reason }: AbortSignal): string | undefined {
  return reason instanceof Error && reason.message !== '' ? reason.message : undefined
}

/** Returns the text of a `ToolCallMessage` that is sent `elapsedMs` after the call's first attempt. */
function messageOf(
  { input, context, sentAt, ...rest }: OutgoingCall,
  { elapsedMs, gracePeriodMs }: { readonly elapsedMs: number; readonly gracePeriodMs: number | undefined },
): string {
  const sentNow = new Date(Date.parse(sentAt) + elapsedMs).toISOString()
  const fields = JSON.stringify({ type: 'tool.call', ...rest, sentAt: sentNow, gracePeriodMs })
  return `${fields.slice(0, -1)},"input":${input},"context":${context}}`
}

function withoutQuery(location: string, base: URL): string | undefined {
  if (!URL.canParse(location, base)) return undefined
  const { origin, pathname } = new URL(location, base)
  return origin + pathname
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function readAnswer(bytes: Uint8Array): ToolResponse | undefined {
  try {
    return toolResponseSchema.safeParse(JSON.parse(decoder.decode(bytes))).data
  } catch {
    return undefined
  }
}

const idsOf = ({ executionId, callId, correlationId, tool }: OutgoingCall) => ({
  executionId,
  callId,
  correlationId,
  tool,
})
