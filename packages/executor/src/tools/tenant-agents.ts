import type { Dispatcher } from 'undici'

import { Semaphore } from './semaphore.ts'

/**
 * Maximum number of a tenant's requests under way, each of which holds a socket. It admits a request for each execution
 * that a key may have admitted by default, and is far below the number of sockets that a process may open, so that the
 * slow hosts of one tenant leave sockets for the others.
 */
const defaultMaxRequests = 4_096
const defaultIdleMs = 30_000
const defaultMaxIdle = 256

interface TenantAgentsOptions {
  readonly createAgent: () => Dispatcher
  readonly maxRequests?: number
  /** Milliseconds for which an agent without requests is kept. */
  readonly idleMs?: number
  /** Maximum number of agents without requests; the one that was used least recently is closed first. */
  readonly maxIdle?: number
}

interface TenantAgent {
  readonly tenant: string
  readonly agent: Dispatcher
  readonly semaphore: Semaphore
  /** Number of requests that are under way or wait for the semaphore. */
  requests: number
  /** Timer that restarts when the last request has ended. The next request does not stop it. */
  idleTimer: NodeJS.Timeout | undefined
}

/**
 * The agents of all tenants that call tools, one for each, so that tenants share no connection. There is one for each
 * tenant with requests under way, and a bounded number of idle ones are kept for the next request.
 */
export class TenantAgents implements AsyncDisposable {
  readonly #options: TenantAgentsOptions
  readonly #agents = new Map<string, TenantAgent>()
  /** Agents without requests, the longest idle one first. */
  readonly #idle = new Set<TenantAgent>()

  constructor(options: TenantAgentsOptions) {
    this.#options = options
  }

  /** Runs one request with the tenant's agent, within `maxRequests`. The signal aborts the wait for the semaphore. */
  async use<T>(tenant: string, signal: AbortSignal, request: (agent: Dispatcher) => Promise<T>): Promise<T> {
    const own = this.#agents.get(tenant) ?? this.#add(tenant)
    this.#busy(own)
    try {
      const release = await own.semaphore.acquire(signal)
      try {
        return await request(own.agent)
      } finally {
        release()
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
    const own = {
      tenant,
      agent: createAgent(),
      semaphore: new Semaphore(maxRequests),
      requests: 0,
      idleTimer: undefined,
    }
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
