import { randomUUID } from 'node:crypto'

import { RequestError } from '@codemode/shared'

import type { ExecutionStore } from '../../store/execution-store.ts'

/** Milliseconds for which the right to serve lasts without being extended, and between two extensions. */
const leaseMs = 10_000
const renewalMs = 3_000

interface ServingLeaseOptions {
  readonly store: Pick<ExecutionStore, 'serve' | 'stopServing'>
  readonly tenant: string
  readonly id: string
}

/** Right of one reader to serve the tool calls of an execution. It is extended until it is released or lost. */
export class ServingLease {
  readonly #options: ServingLeaseOptions
  readonly #reader: string
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  #extendedAt: number
  #isReleased = false
  /** Extensions so far. */
  #extending: Promise<void> | undefined

  private constructor(options: ServingLeaseOptions, reader: string, extendedAt: number) {
    this.#options = options
    this.#reader = reader
    this.#extendedAt = extendedAt
    this.#timer = setInterval(() => {
      this.#extending = Promise.all([this.#extending, this.#extend()]).then(() => {})
    }, renewalMs)
  }

  /** Acquires the right. Rejects with `RequestError` EXECUTION_SERVED while another reader has it. */
  static async acquire(options: ServingLeaseOptions): Promise<ServingLease> {
    const { store, tenant, id } = options
    const reader = randomUUID()
    const at = performance.now()
    if (!(await store.serve(tenant, id, reader, leaseMs))) throw servedByAnother(id)
    return new ServingLease(options, reader, at)
  }

  /** Signal that aborts when the right is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Gives the right back. A failure is harmless, because the right ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.#timer)
    this.#isReleased = true
    // An extension that ends after the release would give the right back to this reader.
    await this.#extending
    const { store, tenant, id } = this.#options
    await store.stopServing(tenant, id, this.#reader).catch(() => {})
  }

  async #extend(): Promise<void> {
    const { store, tenant, id } = this.#options
    const at = performance.now()
    try {
      if (await store.serve(tenant, id, this.#reader, leaseMs)) this.#extendedAt = at
      else this.#lose()
    } catch {
      if (performance.now() - this.#extendedAt > leaseMs) this.#lose()
    }
  }

  #lose(): void {
    if (this.#isReleased) return
    clearInterval(this.#timer)
    this.#lost.abort()
  }
}

/** Returns the refusal of a callback for an execution whose calls a reader serves. */
export function servedInPlaceOfCallback(id: string): RequestError {
  return new RequestError('EXECUTION_SERVED', `A client serves the tool calls of the execution ${id}`, {
    executionId: id,
    retryAfterSeconds: 3,
    suggestion: 'End the client that resumes the execution, and set the callback then.',
  })
}

/** Returns the refusal of a reader that wants to serve an execution which another one serves. */
export function servedByAnother(id: string): RequestError {
  return new RequestError('EXECUTION_SERVED', `Another client serves the tool calls of the execution ${id}`, {
    executionId: id,
    retryAfterSeconds: 3,
    suggestion: 'Follow the events without serve=1, and try again later.',
  })
}
