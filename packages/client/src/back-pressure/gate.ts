import PQueue from 'p-queue'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { isRefusal } from '../errors/refusals.ts'
import type { ExecutionResult } from '../execution-result.ts'
import { linkAbort } from '../linked-abort.ts'
import { cancelled } from '../run-clock.ts'
import { AdaptiveLimit, type Bounds } from './adaptive-limit.ts'
import { FairQueue, type Place } from './fair-queue.ts'
import { WaitingRoom } from './waiting-room.ts'

export interface GateOptions {
  /** How many may run at a time; a number, or found out between bounds. */
  readonly concurrency: number | Bounds | undefined
  /** How many may begin in a sliding window of so many milliseconds. */
  readonly rateLimit: { readonly requests: number; readonly perMs: number } | undefined
  /** How many may wait. */
  readonly maxPending: number
}

/** An execution that asks to be let through. */
export interface Ticket {
  readonly executionId: string
  readonly correlationId: string
  readonly view: object
  readonly priority: number
  /** How long it may wait here, in milliseconds; infinite for one of a batch, which doesn't count as waiting either. */
  readonly queueTimeoutMs: number
  readonly signal: AbortSignal
}

/** Holds executions back until there is room for them: no more at a time, and no more often, than is wanted. */
export class Gate {
  /** How many may run at a time at most. */
  readonly most: number
  readonly #queue: PQueue<FairQueue, Place>
  readonly #adaptive: AdaptiveLimit | undefined
  readonly #maxPending: number
  /** Those in the queue that are not of a batch. */
  readonly #waitingRoom: WaitingRoom

  constructor({ concurrency = Infinity, rateLimit, maxPending }: GateOptions) {
    this.#adaptive = typeof concurrency === 'number' ? undefined : new AdaptiveLimit(concurrency)
    this.#maxPending = maxPending
    this.#waitingRoom = new WaitingRoom(maxPending)
    this.most = typeof concurrency === 'number' ? concurrency : concurrency.max
    this.#queue = new PQueue({
      concurrency: typeof concurrency === 'number' ? concurrency : concurrency.min,
      queueClass: FairQueue,
      ...(rateLimit && { intervalCap: rateLimit.requests, interval: rateLimit.perMs, strict: true }),
    })
  }

  /** How many may run at a time now. */
  get concurrency(): number {
    return this.#queue.concurrency
  }

  /** Runs `work` when its turn has come, and tells it how long that took; rejects, typed, when it is not let through. */
  async pass(ticket: Ticket, work: (queuedMs: number) => Promise<ExecutionResult>): Promise<ExecutionResult> {
    const { view, priority, queueTimeoutMs, signal, executionId } = ticket
    const cameAt = performance.now()
    const waiting = new AbortController()
    const unlink = linkAbort(signal, waiting, (reason) => cancelled(reason, ticket))
    const isPatient = !Number.isFinite(queueTimeoutMs)
    const timer = isPatient ? undefined : setTimeout(() => waiting.abort(this.#timedOut(ticket)), queueTimeoutMs)
    const leave = isPatient
      ? undefined
      : this.#waitingRoom.enter({ view, refuse: () => waiting.abort(this.#full(ticket)) })
    const stopWaiting = (): void => {
      clearTimeout(timer)
      leave?.()
      unlink()
    }
    const run = (): Promise<ExecutionResult> => {
      stopWaiting()
      return this.#measured(() => work(performance.now() - cameAt))
    }
    try {
      const passing = this.#queue.add(run, { id: executionId, priority, view, signal: waiting.signal })
      // Only now it shows whether it has to wait.
      this.#waitingRoom.tidy()
      return await passing
    } finally {
      stopWaiting()
    }
  }

  async #measured(work: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
    if (this.#adaptive === undefined) return work()
    const begunAt = this.#adaptive.ended
    const sentAt = performance.now()
    const [outcome] = await Promise.allSettled([work()])
    this.#adaptive.note({ begunAt, ...readingOf(outcome, performance.now() - sentAt) })
    this.#queue.concurrency = this.#adaptive.value
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  #full({ executionId, correlationId }: Ticket): ExecutorClientError {
    const message = `The client's own queue is full: more than ${this.#maxPending} executions would wait (maxPending)`
    return new ExecutorClientError('OVERLOADED', message, {
      executionId,
      correlationId,
      retryable: true,
      suggestion: 'Raise maxPending or concurrency, use executeAll for a batch, or send less.',
    })
  }

  #timedOut({ executionId, correlationId, queueTimeoutMs }: Ticket): ExecutorTimeoutError {
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

/** Who does not answer has too much to do as well. */
const unanswered: ReadonlySet<string> = new Set(['CONNECTION_FAILED', 'REQUEST_TIMEOUT'])

function readingOf(
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
