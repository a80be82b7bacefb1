import type { ExecutionEvent, ExecutionStatus } from '@codemode/shared'

import type { EndedExecution } from './execution-result.ts'

/** Progress of an execution, as far as this client knows it. */
export interface ExecutionProgress {
  /** Number of tool calls that this client has received. */
  readonly toolCalls: number
  /** Number of tool calls that this client has answered. */
  readonly toolCallsSettled: number
  /** Number of console entries; counted only while the client reads the execution's events. */
  readonly logs: number
}

/** Times of an execution, in the format of ISO 8601 by the executor's clock, each undefined while it is not known. */
export interface ExecutionTimes {
  /** Time at which the executor accepted the execution. */
  readonly createdAt: string | undefined
  /** Time at which the code started. */
  readonly startedAt: string | undefined
  /** Time at which the execution ended. */
  readonly finishedAt: string | undefined
}

/** State of an execution as its handle shows it. */
export interface ReadableState {
  readonly status: ExecutionStatus
  readonly progress: ExecutionProgress
  readonly times: ExecutionTimes
  /** Result of an execution that has ended, as far as this client knows it. */
  readonly result: EndedExecution | undefined
}

const unknownTimes: ExecutionTimes = { createdAt: undefined, startedAt: undefined, finishedAt: undefined }

/** Returns the times of an execution after one of its events. */
export function timesAfter(event: ExecutionEvent, times: ExecutionTimes = unknownTimes): ExecutionTimes {
  if (event.type === 'started')
    return { ...times, createdAt: event.createdAt ?? times.createdAt, startedAt: times.startedAt ?? event.at }
  return event.type === 'finished' ? { ...times, finishedAt: event.at } : times
}

/** Maximum number of handler errors kept, which bounds the memory of an execution whose handlers fail repeatedly. */
const maxHandlerErrors = 100

/** State of one execution under way, as far as this client knows it. */
export class ExecutionState implements ReadableState {
  status: ExecutionStatus = 'queued'
  progress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }
  times: ExecutionTimes = unknownTimes
  result: EndedExecution | undefined
  readonly #handlerErrors = new Map<string, unknown>()
  /** Whether the executor has accepted the execution, as far as this client knows. */
  isAccepted = false
  readonly #accepted = Promise.withResolvers<void>()

  /** Promise that resolves when the client knows that the executor has accepted the execution. */
  get accepted(): Promise<void> {
    return this.#accepted.promise
  }

  /** Notes that the request was sent. */
  sent(): void {
    this.status = 'running'
  }

  /** Notes that the executor has accepted the execution, before its first event. */
  accept(): void {
    this.isAccepted = true
    this.#accepted.resolve()
  }

  /** Updates status and progress from an event of the execution. */
  update(event: ExecutionEvent): void {
    if (event.type === 'waiting' || event.type === 'paused') this.status = event.type
    else if (event.type !== 'finished') this.status = 'running'
    if (event.type === 'log') this.#increment('logs')
    this.times = timesAfter(event, this.times)
    this.accept()
  }

  toolCalled(): void {
    this.#increment('toolCalls')
  }

  toolSettled(): void {
    this.#increment('toolCallsSettled')
  }

  /** Values that tool handlers of this process threw, by call id; at most the last 100. */
  get handlerErrors(): ReadonlyMap<string, unknown> {
    return this.#handlerErrors
  }

  handlerThrew(callId: string, thrown: unknown): void {
    this.#handlerErrors.set(callId, thrown)
    if (this.#handlerErrors.size > maxHandlerErrors) {
      this.#handlerErrors.delete(this.#handlerErrors.keys().next().value!)
    }
  }

  #increment(counter: keyof ExecutionProgress): void {
    this.progress = { ...this.progress, [counter]: this.progress[counter] + 1 }
  }
}
