// Tool calls by HTTP to the client's tool server, signed after https://www.standardwebhooks.com. The guest learns
// nothing of the connection; what went wrong is in the executor's log.
import { errorCodes, fixedLimits, headers, toolAnswerSchema, type Callback, type ToolAnswer } from '@codemode/shared'
import { context, propagation } from '@opentelemetry/api'
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'

import { post } from './post.ts'
import type { TenantAgents } from './tenant-agents.ts'
import {
  answerEnvelopeBytes,
  toolCallConflict,
  toolCancelled,
  toolOutputTooLarge,
  toolUnavailable,
} from './tool-answers.ts'
import type { OutgoingCall, ToolTransport } from './transport.ts'
import { signature } from './webhook-signature.ts'

/**
 * Eight in about two seconds: enough for a tool server that starts again, and for a network that breaks a fifth of all
 * connections. No pause is as long as a client waits for the next delivery before it aborts the handler: a second.
 */
const attempts = { retries: 7, minTimeout: 50, maxTimeout: 400, randomize: true }
const conflictStatus = errorCodes.IDEMPOTENCY_CONFLICT.httpStatus
const maxResponseBytes = fixedLimits.toolOutputBytes + answerEnvelopeBytes

interface CallbackTransportOptions {
  readonly callback: Callback
  readonly tenant: string
  /** The agents of the guard, which decides what may be connected to. */
  readonly agents: TenantAgents
  readonly logger: Logger
}

/**
 * The transport of one execution that came with a callback. Only a failed connection is tried again, with the same call id,
 * and a forbidden address like any other: neither the answer nor the time until it comes tells them apart.
 */
export function createCallbackTransport(options: CallbackTransportOptions): ToolTransport {
  const { callback, tenant, agents, logger } = options
  const url = new URL(callback.url)

  async function deliver(call: OutgoingCall, { agent, body, signal }: Attempt): Promise<ToolAnswer> {
    const signed = signature(call.callId, body, callback.token)
    const headers = callHeaders(call, callback.token, signed)
    const answer = await post(agent, { url, headers, body, maxBytes: maxResponseBytes, signal })
    if ('isTooLarge' in answer) return toolOutputTooLarge(call.tool, answer.sizeBytes)
    if (answer.status === conflictStatus) {
      logger.error(named(call), 'the tool server knows the call id with another tool or input: the code has run twice')
      return toolCallConflict(call.tool)
    }
    const read = answer.bytes && readAnswer(answer.bytes)
    if (read !== undefined) return read
    logger.warn({ ...named(call), status: answer.status }, 'the tool server gave no valid answer')
    return toolUnavailable(call.tool)
  }

  return {
    async call(call, signal) {
      const body = Buffer.from(messageOf(call))
      try {
        const attempt = () => agents.use(tenant, signal, (agent) => deliver(call, { agent, body, signal }))
        return await pRetry(attempt, {
          ...attempts,
          signal,
          onFailedAttempt: ({ error, attemptNumber }) =>
            logger.warn({ ...named(call), attempt: attemptNumber, err: error }, 'the tool server was not reached'),
        })
      } catch (error) {
        if (signal.aborted) return toolCancelled(call.tool)
        logger.warn({ ...named(call), err: error }, 'the tool call was given up')
        return toolUnavailable(call.tool)
      }
    },
  }
}

interface Attempt {
  readonly agent: Dispatcher
  readonly body: Buffer
  readonly signal: AbortSignal
}

/** The text of a `ToolCallMessage`. */
function messageOf({ input, context, ...ids }: OutgoingCall): string {
  const fields = JSON.stringify({ type: 'tool.call', ...ids })
  return `${fields.slice(0, -1)},"input":${input},"context":${context}}`
}

function callHeaders(call: OutgoingCall, token: string, signed: Record<string, string>): Record<string, string> {
  const trace: Record<string, string> = {}
  propagation.inject(context.active(), trace)
  return {
    ...trace,
    ...signed,
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'codemode-executor',
    [headers.authorization]: `Bearer ${token}`,
    [headers.correlationId]: call.correlationId,
    [headers.executionId]: call.executionId,
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function readAnswer(bytes: Uint8Array): ToolAnswer | undefined {
  try {
    return toolAnswerSchema.safeParse(JSON.parse(decoder.decode(bytes))).data
  } catch {
    return undefined
  }
}

const named = ({ executionId, callId, correlationId, tool }: OutgoingCall) => ({
  executionId,
  callId,
  correlationId,
  tool,
})
