import PQueue from 'p-queue'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { isRefusal } from '../errors/unavailable.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import { forwardAbort } from '../async/forward-abort.ts'
import { cancelledBy } from '../errors/cancelled-error.ts'
import { AdaptiveLimit, type Bounds } from './adaptive-limit.ts'
import { PendingLimit } from './pending-limit.ts'
import { ViewQueue, type ViewQueueOptions } from './view-queue.ts'

interface ClientAdmissionOptions {
  /** Maximum number of executions that run at a time: fixed, or adapted between bounds; unlimited by default. */
  readonly concurrency: number | Bounds | undefined
  /** Maximum number of executions that begin in any window of `perMs` milliseconds; unlimited by default. */
  readonly rateLimit: { readonly requests: number; readonly perMs: number } | undefined
  /** Maximum number of executions that wait, without those of a batch. */
  readonly maxPending: number
}

/** Execution that asks to be admitted. */
interface QueuedRun {
  readonly executionId: string
  readonly correlationId: string
  readonly view: object
  readonly priority: number
  /** Milliseconds that it may wait; `Infinity` for one of a batch, which does not count against `maxPending`. */
  readonly queueTimeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Admission control of a client: limits how many executions run at a time and how often they begin; the others wait.
 */
export class ClientAdmission {
  /** Maximum number of executions that can ever run at a time. */
  readonly maxConcurrency: number
  readonly #queue: PQueue<ViewQueue, ViewQueueOptions>
  readonly #adaptive: AdaptiveLimit | undefined
  readonly #maxPending: number
  /** Limit on the executions in the queue that are not of a batch. */
  readonly #pendingLimit: PendingLimit

  constructor({ concurrency = Infinity, rateLimit, maxPending }: ClientAdmissionOptions) {
    this.#adaptive = typeof concurrency === 'number' ? undefined : new AdaptiveLimit(concurrency)
    this.#maxPending = maxPending
    this.#pendingLimit = new PendingLimit(maxPending)
    this.maxConcurrency = typeof concurrency === 'number' ? concurrency : concurrency.max
    this.#queue = new PQueue({
      concurrency: typeof concurrency === 'number' ? concurrency : concurrency.min,
      queueClass: ViewQueue,
      ...(rateLimit && { intervalCap: rateLimit.requests, interval: rateLimit.perMs, strict: true }),
    })
  }

  /** Maximum number of executions that may run at a time now. */
  get concurrency(): number {
    return this.#queue.concurrency
  }

  /**
   * Runs `work` when the execution is admitted, and passes it the milliseconds of waiting. Rejects with a
   * CancelledError if the signal aborts before, with an ExecutorTimeoutError after `queueTimeoutMs`, and with
   * `OVERLOADED` if the queue is full.
   */
  async runWhenAdmitted(
    queued: QueuedRun,
    work: (queuedMs: number) => Promise<ExecutionResult>,
  ): Promise<ExecutionResult> {
    const { view, priority, queueTimeoutMs, signal } = queued
    const queuedAt = performance.now()
    const waiting = new AbortController()
    const stopForwarding = forwardAbort(signal, waiting, (reason) => cancelledBy(reason, queued))
    const isInBatch = !Number.isFinite(queueTimeoutMs)
    const timer = isInBatch ? undefined : setTimeout(() => waiting.abort(this.#timedOut(queued)), queueTimeoutMs)
    const removePending = isInBatch
      ? undefined
      : this.#pendingLimit.add({ view, refuse: () => waiting.abort(this.#full(queued)) })
    const stopWaiting = (): void => {
      clearTimeout(timer)
      removePending?.()
      stopForwarding()
    }
    const start = (): Promise<ExecutionResult> => {
      stopWaiting()
      return this.#measured(() => work(performance.now() - queuedAt))
    }
    try {
      const running = this.#queue.add(start, { priority, view, signal: waiting.signal })
      // If there was capacity, `add` has already called `start`, which ends the wait.
      this.#pendingLimit.enforce()
      return await running
    } finally {
      stopWaiting()
    }
  }

  async #measured(work: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
    if (this.#adaptive === undefined) return work()
    const endedBefore = this.#adaptive.ended
    const sentAt = performance.now()
    const [outcome] = await Promise.allSettled([work()])
    this.#adaptive.record({ endedBefore, ...outcomeOf(outcome, performance.now() - sentAt) })
    this.#queue.concurrency = this.#adaptive.value
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  #full({ executionId, correlationId }: QueuedRun): ExecutorClientError {
    const message = `The client's own queue is full: more than ${this.#maxPending} executions would wait (maxPending)`
    return new ExecutorClientError('OVERLOADED', message, {
      executionId,
      correlationId,
      retryable: true,
      suggestion: 'Raise maxPending or concurrency, use executeAll for a batch, or send less.',
    })
  }

  #timedOut({ executionId, correlationId, queueTimeoutMs }: QueuedRun): ExecutorTimeoutError {
    const message = `The execution waited in the client's own queue for longer than queueTimeoutMs (${queueTimeoutMs} ms)`
    return new ExecutorTimeoutError('QUEUE_TIMEOUT', message, {
      executionId,
      correlationId,
      retryable: true,
      layer: 'queue',
      timeoutMs: queueTimeoutMs,
      option: 'queueTimeoutMs',
      suggestion: 'Raise concurrency or rateLimit if the executor has room, or send less.',
    })
  }
}

/**
 * Codes of executions that got no answer, which the adaptive limit takes for refusals: the executor may be overloaded.
 */
const unanswered: ReadonlySet<string> = new Set(['CONNECTION_FAILED', 'OUTCOME_AMBIGUOUS', 'REQUEST_TIMEOUT'])

function outcomeOf(
  outcome: PromiseSettledResult<ExecutionResult>,
  tookMs: number,
): { isRefused: boolean; overheadMs: number | undefined } {
  if (outcome.status === 'rejected') {
    const error: unknown = outcome.reason
    const isUnanswered = error instanceof ExecutorClientError && unanswered.has(error.code)
    return { isRefused: isUnanswered || isRefusal(error), overheadMs: undefined }
  }
  const { source, usage } = outcome.value
  const isFromExecutor = source === 'executor' && usage.turns > 0
  return { isRefused: false, overheadMs: isFromExecutor ? tookMs - usage.waitMs - usage.cpuMs : undefined }
}
