import { RequestError } from '@codemode/shared'
import { FairQueue } from '@codemode/shared/internal'

import type { Principal } from '../principal.ts'

interface AdmissionOptions {
  /** Maximum number of executions that are admitted and have not ended. */
  readonly maxRunning: number
  /** Maximum number of executions that wait for admission. */
  readonly maxQueued: number
  /** Returns the number of the principal's further executions that would get the CPU at once or next. */
  roomFor(principal: Principal): number
  /**
   * Returns the milliseconds for which the tenant is throttled because its code keeps crashing sandbox processes;
   * mostly 0.
   */
  throttledMs(tenant: string): number
}

interface PermitOptions {
  /** Priority among the executions of one tenant; the highest is admitted first. */
  readonly priority: number
  readonly timeoutMs: number
  /** Origin of `timeoutMs`: the queue timeout, or the remaining time of the client's request. */
  readonly timeoutLayer: 'queue' | 'request'
  /** Whether the execution was accepted before, so that it is queued where another one is refused. */
  readonly isAccepted?: boolean
}

/** Permit of one execution to run, from the request for it to its release. */
export interface Permit {
  /**
   * Resolves on admission; rejects with a `RequestError` when the execution is refused or the queue timeout expires.
   */
  readonly admitted: Promise<void>
  /**
   * Reports that the first turn was requested. From then on, the sandbox counts the execution and the permit does not.
   */
  started(): void
  /** Releases the permit, or removes the execution from the queue. */
  release(): void
}

/** Seconds in `retry-after` for a refused client. */
const retryAfterSeconds = 1

/**
 * Admission control: decides when an execution may start. The queue is bounded in total and for each tenant. An
 * execution that waits for tools holds no CPU slot, but counts as admitted.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #queue = new FairQueue<string, AdmissionPermit>()
  readonly #runningOf = new Map<string, number>()
  #running = 0
  /** Number of admitted executions whose first turn the sandbox does not count yet. */
  #starting = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /**
   * Admits an execution at once if there is room; otherwise queues it. Throws `RequestError` RATE_LIMITED when the
   * tenant is throttled or has too many executions in the queue, and OVERLOADED when the whole queue is full, unless the
   * execution was accepted before.
   */
  requestPermit(principal: Principal, options: PermitOptions): Permit {
    const throttled = this.#throttledError(principal)
    if (throttled && !options.isAccepted) throw throttled
    const permit = new AdmissionPermit(principal, {
      onStarted: () => (this.#starting -= 1),
      onReleased: (released, from) => this.#released(released, from),
    })
    // Other tenants in the queue wait because of their own limits, which must not delay this tenant.
    if (this.#queue.sizeOf(principal.tenant) === 0 && this.#mayAdmit(principal)) this.#admit(permit)
    else {
      if (!options.isAccepted) this.#refuseWhenFull(principal)
      this.#queue.add(principal.tenant, options.priority, permit)
      permit.wait(options, () => this.#throttledError(principal))
    }
    return permit
  }

  /** Admits all queued executions that may start. Called when a CPU slot or a permit has become free. */
  advance(): void {
    for (;;) {
      const next = this.#queue.take((permit) => this.#mayAdmit(permit.principal))
      if (!next) return
      this.#admit(next)
    }
  }

  /** Number of executions that are admitted and have not ended. */
  get running(): number {
    return this.#running
  }

  /** Number of executions that wait for admission. */
  get queued(): number {
    return this.#queue.size
  }

  /** Milliseconds for which the oldest execution in the queue has waited; 0 if the queue is empty. */
  get oldestQueuedMs(): number {
    const now = performance.now()
    let oldest = now
    for (const { requestedAt } of this.#queue.items()) oldest = Math.min(oldest, requestedAt)
    return now - oldest
  }

  /** Refuses all queued executions. */
  refuseAll(error: () => RequestError): void {
    for (let permit = this.#queue.take(); permit; permit = this.#queue.take()) permit.refuse(error())
  }

  #admit(permit: AdmissionPermit): void {
    this.#starting += 1
    this.#count(permit.principal.tenant, 1)
    permit.admit()
  }

  #released(permit: AdmissionPermit, from: 'queue' | 'admitted'): void {
    const { tenant } = permit.principal
    if (from === 'queue') this.#queue.remove(tenant, permit)
    else this.#count(tenant, -1)
    this.advance()
  }

  #mayAdmit(principal: Principal): boolean {
    const { tenant, maxRunning } = principal
    return (
      this.#running < this.#options.maxRunning &&
      (this.#runningOf.get(tenant) ?? 0) < maxRunning &&
      this.#options.throttledMs(tenant) <= 0 &&
      this.#options.roomFor(principal) > this.#starting
    )
  }

  /** Returns the refusal for a tenant that is throttled; undefined for any other. */
  #throttledError({ tenant }: Principal): RequestError | undefined {
    const throttledMs = this.#options.throttledMs(tenant)
    if (throttledMs <= 0) return undefined
    const ms = Math.ceil(throttledMs)
    const message = `The tenant is throttled for ${ms} ms because its code crashed sandbox processes, or made the executor end them`
    return new RequestError('RATE_LIMITED', message, {
      retryAfterSeconds: Math.ceil(throttledMs / 1_000),
      details: { throttledMs: ms },
      suggestion: 'Find the executions that end with SANDBOX_CRASHED, MEMORY_LIMIT or CPU_TIMEOUT, and fix their code.',
    })
  }

  #refuseWhenFull({ tenant, maxQueued }: Principal): void {
    const ofTenant = this.#queue.sizeOf(tenant)
    if (ofTenant >= maxQueued) throw queueFull('RATE_LIMITED', ofTenant, maxQueued)
    const { size } = this.#queue
    if (size >= this.#options.maxQueued) throw queueFull('OVERLOADED', size, this.#options.maxQueued)
  }

  #count(tenant: string, change: 1 | -1): void {
    this.#running += change
    const ofTenant = (this.#runningOf.get(tenant) ?? 0) + change
    if (ofTenant === 0) this.#runningOf.delete(tenant)
    else this.#runningOf.set(tenant, ofTenant)
  }
}

interface PermitListeners {
  onStarted(): void
  onReleased(permit: AdmissionPermit, from: 'queue' | 'admitted'): void
}

/** Permit with its state: `queue → starting → running → released`; from `queue` it may go directly to `released`. */
class AdmissionPermit implements Permit {
  readonly principal: Principal
  readonly admitted: Promise<void>
  readonly requestedAt = performance.now()
  readonly admit: () => void
  readonly refuse: (error: RequestError) => void
  readonly #listeners: PermitListeners
  #state: 'queue' | 'starting' | 'running' | 'released' = 'queue'
  #timer: NodeJS.Timeout | undefined

  constructor(principal: Principal, listeners: PermitListeners) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.principal = principal
    this.#listeners = listeners
    this.admitted = promise
    // Prevents an unhandled rejection if the caller does not await `admitted`.
    promise.catch(() => {})
    this.admit = () => {
      clearTimeout(this.#timer)
      this.#state = 'starting'
      resolve()
    }
    this.refuse = (error) => {
      clearTimeout(this.#timer)
      this.#state = 'released'
      reject(error)
    }
  }

  /** Starts the queue timeout. */
  wait({ timeoutMs, timeoutLayer }: PermitOptions, throttledError: () => RequestError | undefined): void {
    this.#timer = setTimeout(() => {
      this.#listeners.onReleased(this, 'queue')
      this.refuse(throttledError() ?? queueTimeout(timeoutMs, timeoutLayer))
    }, timeoutMs)
  }

  started(): void {
    if (this.#state !== 'starting') return
    this.#state = 'running'
    this.#listeners.onStarted()
  }

  release(): void {
    if (this.#state === 'released') return
    this.started()
    const from = this.#state === 'queue' ? 'queue' : 'admitted'
    clearTimeout(this.#timer)
    this.#state = 'released'
    this.#listeners.onReleased(this, from)
  }
}

function queueFull(code: 'RATE_LIMITED' | 'OVERLOADED', queued: number, maxQueued: number): RequestError {
  const [queue, owner] =
    code === 'RATE_LIMITED' ? ["The tenant's queue", 'this API key'] : ["The executor's queue", 'the executor']
  const message = `${queue} for admission is full: ${queued} waiting; the limit of ${owner} is ${maxQueued} (maxQueued)`
  return new RequestError(code, message, {
    retryAfterSeconds,
    details: { queued, maxQueued },
    suggestion: 'Try again after the time in retry-after, or send fewer executions at once.',
  })
}

function queueTimeout(timeoutMs: number, layer: 'queue' | 'request'): RequestError {
  const option = layer === 'queue' ? 'queueTimeoutMs' : 'requestTimeoutMs'
  return new RequestError('QUEUE_TIMEOUT', `The execution was not admitted within ${timeoutMs} ms (${option})`, {
    retryAfterSeconds,
    details: { layer, timeoutMs, option },
    suggestion: `Try again later, send fewer executions at once, or raise ${option}.`,
  })
}
