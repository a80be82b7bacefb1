// Messages to tool servers that a call was cancelled. The executor closes the connection of the call as well, but a
// proxy in between may keep the other side open, and a tool server first waits a second for a redelivery.
import { setTimeout as delay } from 'node:timers/promises'

import type { Callback, ToolCancelMessage } from '@codemode/shared'
import type { Context } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'

import { callbackHeaders } from './callback-headers.ts'
import { post } from './post.ts'
import { Semaphore } from './semaphore.ts'
import type { TenantAgents } from './tenant-agents.ts'
import type { OutgoingCall } from './transport.ts'

const defaultTimeoutMs = 2_000
const defaultMaxInFlight = 256
const maxAttempts = 2
const retryDelayMs = 100
const maxResponseBytes = 16 * 1024

interface CallCancelsOptions {
  /** Agents of the callback guard, which decides where they may connect to. */
  readonly agents: TenantAgents
  readonly logger: Logger
  /** Maximum milliseconds for one message, including the wait for the semaphore and the second attempt. */
  readonly timeoutMs?: number
  /** Maximum number of one tenant's messages in flight; further ones wait within their time. */
  readonly maxInFlight?: number
}

/** A call that a tool server may be running and whose answer is no longer needed. */
interface CancelledCall {
  readonly callback: Callback
  readonly tenant: string
  readonly call: OutgoingCall
  readonly reason: string | undefined
  /** Context of the call's span. */
  readonly trace: Context
}

/**
 * Sender of `tool.cancel` messages in the background, each within two seconds. No caller waits for a message. A failure
 * is logged at level debug only, because the tool server also detects the closed connection, a second later.
 */
export class CallCancels {
  readonly #options: CallCancelsOptions
  readonly #inFlight = new Set<Promise<void>>()
  readonly #tenants = new Map<string, { readonly semaphore: Semaphore; messages: number }>()
  #isClosed = false
  #isStopped = false

  constructor(options: CallCancelsOptions) {
    this.#options = options
  }

  /** Sends one message in the background. Never throws. */
  send(cancelled: CancelledCall): void {
    if (this.#isClosed) return
    const sending = this.#sendWithinLimit(cancelled)
      .catch((err: unknown) => this.#log(cancelled, { err }))
      .finally(() => this.#inFlight.delete(sending))
    this.#inFlight.add(sending)
  }

  /** Refuses further messages, and waits at most `withinMs` for tool servers to answer those under way. */
  async close({ withinMs }: { readonly withinMs: number }): Promise<void> {
    this.#isClosed = true
    const finished = new AbortController()
    const wait = delay(withinMs, undefined, { signal: finished.signal }).catch(() => {})
    await Promise.race([Promise.all(this.#inFlight), wait])
    this.#isStopped = true
    finished.abort()
  }

  async #sendWithinLimit(cancelled: CancelledCall): Promise<void> {
    const { tenant } = cancelled
    const { timeoutMs = defaultTimeoutMs, maxInFlight = defaultMaxInFlight } = this.#options
    const own = this.#tenants.get(tenant) ?? { semaphore: new Semaphore(maxInFlight), messages: 0 }
    this.#tenants.set(tenant, own)
    own.messages += 1
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const release = await own.semaphore.acquire(signal)
      try {
        await this.#attempts(cancelled, signal)
      } finally {
        release()
      }
    } finally {
      own.messages -= 1
      if (own.messages === 0) this.#tenants.delete(tenant)
    }
  }

  async #attempts(cancelled: CancelledCall, signal: AbortSignal, attempt = 1): Promise<void> {
    if (this.#isStopped) return
    const { agents } = this.#options
    try {
      const status = await agents.use(cancelled.tenant, signal, (agent) => deliver(cancelled, agent, signal))
      // A tool server of an older version does not know the message.
      if (status !== 200) this.#log(cancelled, { status })
    } catch (error) {
      if (attempt === maxAttempts || signal.aborted) throw error
      await delay(retryDelayMs, undefined, { signal })
      await this.#attempts(cancelled, signal, attempt + 1)
    }
  }

  #log({ call }: CancelledCall, failure: { readonly err: unknown } | { readonly status: number }): void {
    const { executionId, callId, correlationId, tool } = call
    const ids = { executionId, callId, correlationId, tool }
    this.#options.logger.debug({ ...ids, ...failure }, 'the tool server did not acknowledge the cancellation of a call')
  }
}

async function deliver(cancelled: CancelledCall, agent: Dispatcher, signal: AbortSignal): Promise<number> {
  const { callback, call, reason, trace } = cancelled
  const { executionId, callId, correlationId } = call
  const message: ToolCancelMessage = {
    type: 'tool.cancel',
    executionId,
    callId,
    ...(reason !== undefined && { reason }),
  }
  const body = Buffer.from(JSON.stringify(message))
  const headers = callbackHeaders({ executionId, callId, correlationId, token: callback.token, body, trace })
  const url = new URL(callback.url)
  const answer = await post(agent, { url, headers, body, maxBytes: maxResponseBytes, signal })
  return 'status' in answer ? answer.status : 200
}
