import type { Dispatcher } from 'undici'

import { Slots } from './slots.ts'

/**
 * A tenant's requests under way, each of which holds a socket. It is as many as a key's executions wait by default, and
 * far below what a process may open, so that no tenant's slow hosts leave the others without.
 */
const defaultMaxRequests = 4_096
const defaultIdleMs = 30_000
const defaultMaxIdle = 256

interface TenantAgentsOptions {
  readonly createAgent: () => Dispatcher
  readonly maxRequests?: number
  /** How long an agent without requests is kept. */
  readonly idleMs?: number
  /** How many of them are kept; the one that was used least recently is closed first. */
  readonly maxIdle?: number
}

interface TenantAgent {
  readonly tenant: string
  readonly agent: Dispatcher
  readonly slots: Slots
  /** Requests under way and those that wait for a slot. */
  requests: number
  /** Begins anew whenever the last request has ended, and is not stopped by the next one. */
  idleTimer: NodeJS.Timeout | undefined
}

/**
 * One agent for each tenant that calls, so that tenants share no connection. There are as many as tenants with requests
 * under way, and a bounded number that are kept for the next one.
 */
export class TenantAgents implements AsyncDisposable {
  readonly #options: TenantAgentsOptions
  readonly #agents = new Map<string, TenantAgent>()
  /** Those without requests, the longest idle one first. */
  readonly #idle = new Set<TenantAgent>()

  constructor(options: TenantAgentsOptions) {
    this.#options = options
  }

  /** Does one request with the tenant's agent, when there is a slot for it. The signal aborts the wait for one. */
  async use<T>(tenant: string, signal: AbortSignal, request: (agent: Dispatcher) => Promise<T>): Promise<T> {
    const own = this.#agents.get(tenant) ?? this.#add(tenant)
    this.#busy(own)
    try {
      const giveBack = await own.slots.take(signal)
      try {
        return await request(own.agent)
      } finally {
        giveBack()
      }
    } finally {
      own.requests -= 1
      if (own.requests === 0) this.#keepIdle(own)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#agents.values()]
    for (const own of all) this.#forget(own)
    await Promise.all(all.map(({ agent }) => agent.destroy()))
  }

  #add(tenant: string): TenantAgent {
    const { createAgent, maxRequests = defaultMaxRequests } = this.#options
    const own = { tenant, agent: createAgent(), slots: new Slots(maxRequests), requests: 0, idleTimer: undefined }
    this.#agents.set(tenant, own)
    return own
  }

  #busy(own: TenantAgent): void {
    this.#idle.delete(own)
    own.requests += 1
  }

  #keepIdle(own: TenantAgent): void {
    if (this.#agents.get(own.tenant) !== own) return
    const { idleMs = defaultIdleMs, maxIdle = defaultMaxIdle } = this.#options
    this.#idle.add(own)
    own.idleTimer ??= setTimeout(() => own.requests === 0 && this.#close(own), idleMs).unref()
    own.idleTimer.refresh()
    const [oldest] = this.#idle
    if (oldest !== undefined && this.#idle.size > maxIdle) this.#close(oldest)
  }

  #close(own: TenantAgent): void {
    this.#forget(own)
    own.agent.destroy().catch(() => {})
  }

  #forget(own: TenantAgent): void {
    clearTimeout(own.idleTimer)
    this.#idle.delete(own)
    this.#agents.delete(own.tenant)
  }
}
