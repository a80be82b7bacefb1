import { RequestError } from '@codemode/shared'

import { FairQueue } from './fair-queue.ts'
import type { Principal } from './principal.ts'

interface AdmissionOptions {
  /** How many executions may be admitted and unfinished at once. */
  readonly maxRunning: number
  /** How many may wait for admission at once. */
  readonly maxQueued: number
  /** How many executions more of the principal would get the CPU at once or next. */
  roomFor(principal: Principal): number
  /** For how long the tenant may begin nothing, because its code keeps costing sandbox processes. */
  penaltyMs(tenant: string): number
}

interface EnterOptions {
  /** Higher goes first among the executions of one tenant. */
  readonly priority: number
  readonly timeoutMs: number
  /** The clock that `timeoutMs` is of. */
  readonly timeoutLayer: 'queue' | 'request'
}

/** A place in the queue, or among those admitted. */
export interface Ticket {
  /** Resolves on admission; rejects with a `RequestError` when refused or when the queue's clock has run out. */
  readonly admitted: Promise<void>
  /** To be called when the first turn was asked for: from then on the sandbox itself counts it. */
  started(): void
  /** Gives the place back, wherever it is. */
  leave(): void
}

/** What a refused client is told to wait, in seconds. */
const retryAfterSeconds = 1

/**
 * Decides when an execution may begin. The queue is bounded, in all and for each tenant. Executions that wait for tools
 * hold no CPU slot, only a place among those in memory.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #queue = new FairQueue<Place>()
  readonly #runningOf = new Map<string, number>()
  #running = 0
  /** Those admitted whose first turn the sandbox does not know of yet. */
  #starting = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Takes a place, at once if there is room. Throws `RequestError` RATE_LIMITED or OVERLOADED when the queue is full. */
  enter(principal: Principal, options: EnterOptions): Ticket {
    const penalty = this.#penaltyOf(principal)
    if (penalty) throw penalty
    const place = new Place(principal, {
      onStarted: () => (this.#starting -= 1),
      onLeft: (left, from) => this.#left(left, from),
    })
    // Tenants that wait because of their own limits hold up nobody else.
    if (this.#queue.sizeOf(principal.tenant) === 0 && this.#mayAdmit(principal)) this.#admit(place)
    else {
      this.#refuseWhenFull(principal)
      this.#queue.add(principal.tenant, options.priority, place)
      place.wait(options, () => this.#penaltyOf(principal))
    }
    return place
  }

  /** Admits whoever may begin; called whenever a slot or a place has become free. */
  advance(): void {
    for (;;) {
      const next = this.#queue.take((place) => this.#mayAdmit(place.principal))
      if (!next) return
      this.#admit(next)
    }
  }

  /** Refuses everyone who waits. */
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

  /** What to tell a tenant that has to wait because of what its code has cost. */
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

/** One execution's place: `queue → starting → running → left`, or straight to `left` when refused. */
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
    // A refusal is told to whoever waits; nobody may.
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

  /** Starts the queue's clock. */
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
