import { RequestError } from '@codemode/shared'

import type { Principal } from './principal.ts'

interface AdmissionOptions {
  /** How many executions may be admitted and unfinished at once. */
  readonly maxRunning: number
  /** How many may wait for admission at once. */
  readonly maxQueued: number
  /** Whether a turn of one more execution would soon get the CPU. */
  hasFreeSlot(): boolean
}

interface Waiting {
  readonly principal: Principal
  readonly priority: number
  readonly timer: NodeJS.Timeout
  readonly admit: () => void
  readonly refuse: (error: RequestError) => void
}

/** A place in the queue, or among those admitted. */
export interface Ticket {
  /** Resolves on admission; rejects with a `RequestError` when refused or when the queue's clock has run out. */
  readonly admitted: Promise<void>
  /** Gives the place back, wherever it is. Call it exactly once. */
  leave(): void
}

/** What a refused client is told to wait, in seconds. */
const retryAfterSeconds = 1

/**
 * Decides when an execution may begin. The queue is bounded, in all and for each tenant, and fair: tenants take turns,
 * and within a tenant the higher priority goes first, then the earlier arrival. Executions that wait for tools hold no
 * CPU slot, only a place among those in memory.
 */
export class Admission {
  readonly #options: AdmissionOptions
  /** The order of the map is the order of the tenants' turns. */
  readonly #queues = new Map<string, Waiting[]>()
  readonly #runningOf = new Map<string, number>()
  #running = 0
  #queued = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Takes a place, at once if there is room. Throws `RequestError` RATE_LIMITED or OVERLOADED when the queue is full. */
  enter(
    principal: Principal,
    options: { priority: number; timeoutMs: number; timeoutLayer: 'queue' | 'request' },
  ): Ticket {
    if (this.#queued === 0 && this.#mayAdmit(principal)) {
      this.#count(principal.tenant, 1)
      return { admitted: Promise.resolve(), leave: () => this.#leaveRunning(principal.tenant) }
    }
    this.#refuseWhenFull(principal)
    return this.#queue(principal, options)
  }

  /** Admits whoever may begin; called whenever a slot or a place has become free. */
  advance(): void {
    for (let admitted = true; admitted && this.#queued > 0;) {
      admitted = false
      for (const [tenant, queue] of this.#queues) {
        const next = queue[0]!
        if (!this.#mayAdmit(next.principal)) continue
        this.#queues.delete(tenant)
        this.#take(next, queue)
        if (queue.length > 0) this.#queues.set(tenant, queue)
        this.#count(tenant, 1)
        next.admit()
        admitted = true
        break
      }
    }
  }

  /** Refuses everyone who waits. */
  refuseAll(error: () => RequestError): void {
    const waiting = [...this.#queues.values()].flat()
    this.#queues.clear()
    this.#queued = 0
    for (const each of waiting) {
      clearTimeout(each.timer)
      each.refuse(error())
    }
  }

  #mayAdmit(principal: Principal): boolean {
    return (
      this.#running < this.#options.maxRunning &&
      (this.#runningOf.get(principal.tenant) ?? 0) < principal.maxRunning &&
      this.#options.hasFreeSlot()
    )
  }

  #refuseWhenFull(principal: Principal): void {
    const ofTenant = this.#queues.get(principal.tenant)?.length ?? 0
    if (ofTenant >= principal.maxQueued) {
      throw new RequestError(
        'RATE_LIMITED',
        `${ofTenant} executions of this key wait already; its limit is ${principal.maxQueued}`,
        {
          retryAfterSeconds,
          details: { queued: ofTenant, maxQueued: principal.maxQueued },
        },
      )
    }
    if (this.#queued >= this.#options.maxQueued) {
      throw new RequestError(
        'OVERLOADED',
        `${this.#queued} executions wait already; the limit is ${this.#options.maxQueued}`,
        {
          retryAfterSeconds,
          details: { queued: this.#queued, maxQueued: this.#options.maxQueued },
        },
      )
    }
  }

  #queue(
    principal: Principal,
    { priority, timeoutMs, timeoutLayer }: { priority: number; timeoutMs: number; timeoutLayer: 'queue' | 'request' },
  ): Ticket {
    const { tenant } = principal
    const { promise: admitted, resolve, reject } = Promise.withResolvers<void>()
    const queue = this.#queues.get(tenant) ?? []
    let place: 'queue' | 'running' | 'none' = 'queue'
    const waiting: Waiting = {
      principal,
      priority,
      timer: setTimeout(() => {
        this.#drop(waiting, queue)
        waiting.refuse(queueTimeout(timeoutMs, timeoutLayer))
      }, timeoutMs),
      admit() {
        place = 'running'
        resolve()
      },
      refuse(error) {
        place = 'none'
        reject(error)
      },
    }
    const behind = queue.findIndex((other) => other.priority < priority)
    queue.splice(behind === -1 ? queue.length : behind, 0, waiting)
    this.#queues.set(tenant, queue)
    this.#queued += 1
    return {
      admitted,
      leave: () => {
        if (place === 'queue') this.#drop(waiting, queue)
        else if (place === 'running') this.#leaveRunning(tenant)
        place = 'none'
      },
    }
  }

  #drop(waiting: Waiting, queue: Waiting[]): void {
    this.#take(waiting, queue)
    if (queue.length === 0) this.#queues.delete(waiting.principal.tenant)
  }

  #take(waiting: Waiting, queue: Waiting[]): void {
    clearTimeout(waiting.timer)
    queue.splice(queue.indexOf(waiting), 1)
    this.#queued -= 1
  }

  #leaveRunning(tenant: string): void {
    this.#count(tenant, -1)
    this.advance()
  }

  #count(tenant: string, change: 1 | -1): void {
    this.#running += change
    const ofTenant = (this.#runningOf.get(tenant) ?? 0) + change
    if (ofTenant === 0) this.#runningOf.delete(tenant)
    else this.#runningOf.set(tenant, ofTenant)
  }
}

function queueTimeout(timeoutMs: number, layer: 'queue' | 'request'): RequestError {
  const option = layer === 'queue' ? 'queueTimeoutMs' : 'requestTimeoutMs'
  return new RequestError('QUEUE_TIMEOUT', `The execution was not admitted within ${timeoutMs} ms (${option})`, {
    retryAfterSeconds,
    details: { layer, timeoutMs, option },
  })
}
