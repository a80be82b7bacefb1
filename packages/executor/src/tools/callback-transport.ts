// Tool calls by HTTP to the client's tool server, signed after https://www.standardwebhooks.com. The guest learns
// nothing of the connection; what went wrong is in the executor's log.
import {
  fixedLimits,
  headers,
  toolAnswerSchema,
  type Callback,
  type ToolAnswer,
  type ToolCallMessage,
} from '@codemode/shared'
import { context, propagation } from '@opentelemetry/api'
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import { Webhook } from 'standardwebhooks'
import { request, type Dispatcher } from 'undici'

import type { TenantAgents } from './tenant-agents.ts'
import {
  answerEnvelopeBytes,
  toolCancelled,
  toolInputTooDeep,
  toolOutputTooLarge,
  toolUnavailable,
} from './tool-answers.ts'
import type { ToolTransport } from './transport.ts'

/**
 * Eight in about two seconds: enough for a tool server that starts again, and for a network that breaks a fifth of all
 * connections. No pause is as long as a client waits for the next delivery before it aborts the handler: a second.
 */
const attempts = { retries: 7, minTimeout: 50, maxTimeout: 400, randomize: true }
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
  const webhook = new Webhook(callback.token, { format: 'raw' })

  async function deliver(
    message: ToolCallMessage,
    { agent, body, signal }: { agent: Dispatcher; body: string; signal: AbortSignal },
  ): Promise<ToolAnswer> {
    const response = await request(callback.url, {
      method: 'POST',
      dispatcher: agent,
      headers: callHeaders(message, callback.token, signature(webhook, message.callId, body)),
      body,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    // A body that is not read to its end is destroyed, and with it the connection: nothing is left to drip.
    response.body.on('error', () => {})
    try {
      const bytes = response.statusCode === 200 ? await boundedBytes(response) : undefined
      if (bytes instanceof TooLarge) return toolOutputTooLarge(message.tool, bytes.sizeBytes)
      const answer = bytes === undefined ? undefined : readAnswer(bytes)
      if (answer !== undefined) return answer
      logger.warn({ ...named(message), status: response.statusCode }, 'the tool server gave no valid answer')
      return toolUnavailable(message.tool)
    } finally {
      response.body.destroy()
    }
  }

  return {
    async call(message, signal) {
      const body = stringify(message)
      if (body === undefined) return toolInputTooDeep(message.tool)
      try {
        const attempt = () => agents.use(tenant, signal, (agent) => deliver(message, { agent, body, signal }))
        return await pRetry(attempt, {
          ...attempts,
          signal,
          onFailedAttempt: ({ error, attemptNumber }) =>
            logger.warn({ ...named(message), attempt: attemptNumber, err: error }, 'the tool server was not reached'),
        })
      } catch (error) {
        if (signal.aborted) return toolCancelled(message.tool)
        logger.warn({ ...named(message), err: error }, 'the tool call was given up')
        return toolUnavailable(message.tool)
      }
    },
  }
}

/** Undefined for what is nested deeper than `JSON.stringify` goes. */
function stringify(message: ToolCallMessage): string | undefined {
  try {
    return JSON.stringify(message)
  } catch {
    return undefined
  }
}

function signature(webhook: Webhook, callId: string, body: string): Record<string, string> {
  const now = new Date()
  return {
    'webhook-id': callId,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': webhook.sign(callId, now, body),
  }
}

function callHeaders(message: ToolCallMessage, token: string, signed: Record<string, string>): Record<string, string> {
  const trace: Record<string, string> = {}
  propagation.inject(context.active(), trace)
  return {
    ...trace,
    ...signed,
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'codemode-executor',
    [headers.authorization]: `Bearer ${token}`,
    [headers.correlationId]: message.correlationId,
    [headers.executionId]: message.executionId,
  }
}

/** An answer of which not all is read. */
class TooLarge {
  readonly sizeBytes: number | undefined

  constructor(sizeBytes?: number) {
    this.sizeBytes = sizeBytes
  }
}

async function boundedBytes({ headers, body }: Dispatcher.ResponseData): Promise<Uint8Array | TooLarge> {
  const declaredBytes = Number(headers['content-length'] ?? 0)
  if (declaredBytes > maxResponseBytes) return new TooLarge(declaredBytes)
  const chunks: Buffer[] = []
  let readBytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    readBytes += chunk.byteLength
    if (readBytes > maxResponseBytes) return new TooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function readAnswer(bytes: Uint8Array): ToolAnswer | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return toolAnswerSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const named = ({ executionId, callId, correlationId, tool }: ToolCallMessage) => ({
  executionId,
  callId,
  correlationId,
  tool,
})
