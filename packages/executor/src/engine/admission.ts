import { RequestError } from '@codemode/shared'

import { FairQueue } from './fair-queue.ts'
import type { Principal } from './principal.ts'

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
  penaltyMs(tenant: string): number
}

interface EnterOptions {
  /** Priority among the executions of one tenant; the highest is admitted first. */
  readonly priority: number
  readonly timeoutMs: number
  /** Origin of `timeoutMs`: the queue timeout, or the remaining time of the client's request. */
  readonly timeoutLayer: 'queue' | 'request'
}

/** The place of an execution in the queue or among the admitted executions. */
export interface Ticket {
  /**
   * Resolves on admission; rejects with a `RequestError` when the execution is refused or the queue timeout expires.
   */
  readonly admitted: Promise<void>
  /** Must be called after the first turn was requested: from then on, the sandbox itself counts the execution. */
  started(): void
  /** Releases the place, in the queue or among the admitted executions. */
  leave(): void
}

/** Seconds in `retry-after` for a refused client. */
const retryAfterSeconds = 1

/**
 * Admission control: decides when an execution may start. The queue is bounded in total and for each tenant. An
 * execution that waits for tools holds no CPU slot, but counts as admitted.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #queue = new FairQueue<Place>()
  readonly #runningOf = new Map<string, number>()
  #running = 0
  /** Number of admitted executions whose first turn the sandbox does not count yet. */
  #starting = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /**
   * Admits an execution at once if there is room; otherwise queues it. Throws `RequestError` RATE_LIMITED when the
   * tenant is throttled or has too many executions in the queue, and OVERLOADED when the whole queue is full.
   */
  enter(principal: Principal, options: EnterOptions): Ticket {
    const penalty = this.#penaltyOf(principal)
    if (penalty) throw penalty
    const place = new Place(principal, {
      onStarted: () => (this.#starting -= 1),
      onLeft: (left, from) => this.#left(left, from),
    })
    // Other tenants in the queue wait because of their own limits, which must not delay this tenant.
    if (this.#queue.sizeOf(principal.tenant) === 0 && this.#mayAdmit(principal)) this.#admit(place)
    else {
      this.#refuseWhenFull(principal)
      this.#queue.add(principal.tenant, options.priority, place)
      place.wait(options, () => this.#penaltyOf(principal))
    }
    return place
  }

  /** Admits all queued executions that may start. Called when a CPU slot or a place has become free. */
  advance(): void {
    for (;;) {
      const next = this.#queue.take((place) => this.#mayAdmit(place.principal))
      if (!next) return
      this.#admit(next)
    }
  }

  /** Refuses all queued executions. */
  refuseAll(error: () => RequestError): void {
    for (let place = this.#queue.take(() => true); place; place = this.#queue.take(() => true)) place.refuse(error())
  }

  #admit(place: Place): void {
    this.#starting += 1
    this.#count(place.principal.tenant, 1)
    place.admit()
  }

  #left(place: Place, from: 'queue' | 'admitted'): void {
    if (from === 'queue') {
      this.#queue.remove(place.principal.tenant, place)
    } else this.#count(place.principal.tenant, -1)
    this.advance()
  }

  #mayAdmit(principal: Principal): boolean {
    const { tenant, maxRunning } = principal
    return (
      this.#running < this.#options.maxRunning &&
      (this.#runningOf.get(tenant) ?? 0) < maxRunning &&
      this.#options.penaltyMs(tenant) <= 0 &&
      this.#options.roomFor(principal) > this.#starting
    )
  }

  /** Returns the refusal for a tenant that is throttled; undefined for any other. */
  #penaltyOf({ tenant }: Principal): RequestError | undefined {
    const penaltyMs = this.#options.penaltyMs(tenant)
    if (penaltyMs <= 0) return undefined
    return new RequestError('RATE_LIMITED', `The code of this key keeps costing sandbox processes; it is slowed down`, {
      retryAfterSeconds: Math.ceil(penaltyMs / 1_000),
      details: { penaltyMs: Math.ceil(penaltyMs) },
      suggestion: 'Find the executions that end with SANDBOX_CRASHED, MEMORY_LIMIT or CPU_TIMEOUT, and why.',
    })
  }

  #refuseWhenFull({ tenant, maxQueued }: Principal): void {
    const ofTenant = this.#queue.sizeOf(tenant)
    if (ofTenant >= maxQueued) throw full('RATE_LIMITED', 'of this key', ofTenant, maxQueued)
    const { size } = this.#queue
    if (size >= this.#options.maxQueued) throw full('OVERLOADED', 'in all', size, this.#options.maxQueued)
  }

  #count(tenant: string, change: 1 | -1): void {
    this.#running += change
    const ofTenant = (this.#runningOf.get(tenant) ?? 0) + change
    if (ofTenant === 0) this.#runningOf.delete(tenant)
    else this.#runningOf.set(tenant, ofTenant)
  }
}

interface PlaceListeners {
  onStarted(): void
  onLeft(place: Place, from: 'queue' | 'admitted'): void
}

/**
 * The place of one execution. Its states are `queue → starting → running → left`; from `queue` it may go straight to
 * `left`.
 */
class Place implements Ticket {
  readonly principal: Principal
  readonly admitted: Promise<void>
  readonly admit: () => void
  readonly refuse: (error: RequestError) => void
  readonly #listeners: PlaceListeners
  #state: 'queue' | 'starting' | 'running' | 'left' = 'queue'
  #timer: NodeJS.Timeout | undefined

  constructor(principal: Principal, listeners: PlaceListeners) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.principal = principal
    this.#listeners = listeners
    this.admitted = promise
    // Prevents an unhandled rejection, because nobody may await the admission.
    promise.catch(() => {})
    this.admit = () => {
      clearTimeout(this.#timer)
      this.#state = 'starting'
      resolve()
    }
    this.refuse = (error) => {
      clearTimeout(this.#timer)
      this.#state = 'left'
      reject(error)
    }
  }

  /** Starts the queue timeout. */
  wait({ timeoutMs, timeoutLayer }: EnterOptions, betterReason: () => RequestError | undefined): void {
    this.#timer = setTimeout(() => {
      this.#listeners.onLeft(this, 'queue')
      this.refuse(betterReason() ?? queueTimeout(timeoutMs, timeoutLayer))
    }, timeoutMs)
  }

  started(): void {
    if (this.#state !== 'starting') return
    this.#state = 'running'
    this.#listeners.onStarted()
  }

  leave(): void {
    if (this.#state === 'left') return
    this.started()
    const from = this.#state === 'queue' ? 'queue' : 'admitted'
    clearTimeout(this.#timer)
    this.#state = 'left'
    this.#listeners.onLeft(this, from)
  }
}

function full(code: 'RATE_LIMITED' | 'OVERLOADED', whose: string, queued: number, maxQueued: number): RequestError {
  return new RequestError(code, `${queued} executions ${whose} wait for admission; the limit is ${maxQueued}`, {
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
  })
}
