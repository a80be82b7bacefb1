import type { ExecutionRequest } from '@codemode/shared'

import type { ExecutionResult } from '../run/execution-result.ts'
import type { Executor, RunOptions } from '../executor.ts'
import { isRequestTimeout, isUnavailable, retryAfterMsOf } from '../errors/unavailable.ts'

/**
 * One of the executors behind a failover. It is ejected when it can't be reached, refuses or does not answer in time,
 * and then probed until it is ready again. One probe runs at a time; the pause before the next one begins when
 * it has been answered.
 */
export class FailoverMember {
  readonly executor: Executor
  readonly #probeIntervalMs: number
  #underWay = 0
  #isEjected = false
  #isProbing = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor(executor: Executor, probeIntervalMs: number) {
    this.executor = executor
    this.#probeIntervalMs = probeIntervalMs
  }

  /** Number of executions that are under way on this executor. */
  get underWay(): number {
    return this.#underWay
  }

  get isEjected(): boolean {
    return this.#isEjected
  }

  async run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult> {
    const wasEjected = this.#isEjected
    this.#underWay += 1
    try {
      const result = await this.executor.run(request, options)
      if (wasEjected) this.#restore()
      return result
    } catch (error) {
      if (isUnavailable(error)) this.#eject(Math.max(this.#probeIntervalMs, retryAfterMsOf(error)))
      // The code may have been slow, or the executor hangs: an immediate probe distinguishes the two.
      else if (isRequestTimeout(error)) this.#eject(0)
      throw error
    } finally {
      this.#underWay -= 1
    }
  }

  /** Stops the probes. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #eject(firstProbeInMs: number): void {
    if (this.#isEjected || this.#isClosed) return
    this.#isEjected = true
    if (!this.#isProbing) this.#probeIn(firstProbeInMs)
  }

  #restore(): void {
    this.#isEjected = false
    clearTimeout(this.#timer)
  }

  #probeIn(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#probe(), delayMs).unref()
  }

  async #probe(): Promise<void> {
    this.#isProbing = true
    const isReady = await this.#isReady()
    this.#isProbing = false
    if (this.#isClosed || !this.#isEjected) return
    if (isReady) this.#restore()
    else this.#probeIn(this.#probeIntervalMs)
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await this.executor.isReady?.()) ?? true
    } catch {
      return false
    }
  }
}
