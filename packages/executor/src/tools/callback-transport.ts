// Tool calls by HTTP to the client's tool server, signed after https://www.standardwebhooks.com. The guest learns
// nothing of the connection; what went wrong is in the executor's log.
import { fixedLimits, toolAnswerSchema, type Callback, type ToolAnswer } from '@codemode/shared'
import { context } from '@opentelemetry/api'
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'

import { CallCancels } from './call-cancels.ts'
import { callbackHeaders } from './callback-headers.ts'
import { post } from './post.ts'
import type { TenantAgents } from './tenant-agents.ts'
import { answerEnvelopeBytes, toolCancelled, toolOutputTooLarge, toolUnavailable } from './tool-answers.ts'
import type { OutgoingCall, ToolTransport } from './transport.ts'

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
  /** Tells the tool server of calls that are aborted after they were sent; executions share it, and with it its limits. */
  readonly cancels?: CallCancels
  readonly logger: Logger
}

/**
 * Makes the transport of one execution that came with a callback. Only a failed connection is tried again, with the same
 * call id, and a forbidden address like any other: neither the answer nor the time until it comes tells them apart. When
 * the signal of a call aborts after the call was sent, the tool server gets a `tool.cancel`.
 */
export function createCallbackTransport(options: CallbackTransportOptions): ToolTransport {
  const { callback, tenant, agents, logger, cancels = new CallCancels({ agents, logger }) } = options
  const url = new URL(callback.url)

  async function deliver(call: OutgoingCall, { agent, body, signal, onSent }: Attempt): Promise<ToolAnswer> {
    const { executionId, callId, correlationId } = call
    const ids = { executionId, callId, correlationId }
    const headers = callbackHeaders({ ...ids, token: callback.token, body, trace: context.active() })
    const answer = await post(agent, { url, headers, body, maxBytes: maxResponseBytes, signal, onSent })
    if ('isTooLarge' in answer) return toolOutputTooLarge(call.tool, answer.sizeBytes)
    const read = answer.bytes && readAnswer(answer.bytes)
    if (read !== undefined) return read
    logger.warn({ ...named(call), status: answer.status }, 'the tool server gave no valid answer')
    return toolUnavailable(call.tool)
  }

  return {
    async call(call, signal) {
      const body = Buffer.from(messageOf(call))
      const trace = context.active()
      let wasSent = false
      const onSent = (): void => void (wasSent = true)
      const cancel = (): void => {
        if (wasSent) cancels.send({ callback, tenant, call, reason: reasonOf(signal), trace })
      }
      signal.addEventListener('abort', cancel, { once: true })
      try {
        const attempt = () => agents.use(tenant, signal, (agent) => deliver(call, { agent, body, signal, onSent }))
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
      } finally {
        signal.removeEventListener('abort', cancel)
      }
    },
  }
}

interface Attempt {
  readonly agent: Dispatcher
  readonly body: Buffer
  readonly signal: AbortSignal
  /** Called when a connection takes the request. */
  readonly onSent: () => void
}

function reasonOf({ reason }: AbortSignal): string | undefined {
  return reason instanceof Error && reason.message !== '' ? reason.message : undefined
}

/** The text of a `ToolCallMessage`. */
function messageOf({ input, context, ...ids }: OutgoingCall): string {
  const fields = JSON.stringify({ type: 'tool.call', ...ids })
  return `${fields.slice(0, -1)},"input":${input},"context":${context}}`
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
