import type { ExecutionEvent, ExecutionStatus } from '@codemode/shared'

/** Progress of an execution, as far as this client knows it. */
export interface ExecutionProgress {
  /** Number of tool calls that this client has received. */
  readonly toolCalls: number
  /** Number of tool calls that this client has answered. */
  readonly toolCallsSettled: number
  /** Number of console entries; counted only while the client reads the execution's events. */
  readonly logs: number
}

/** Maximum number of handler errors kept, which bounds the memory of an execution whose handlers fail repeatedly. */
const maxHandlerErrors = 100

/** State of one execution under way, as far as this client knows it. */
export class ExecutionState {
  status: ExecutionStatus = 'queued'
  progress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }
  readonly #handlerErrors = new Map<string, unknown>()
  readonly #accepted = Promise.withResolvers<void>()

  /** Promise that resolves at the first event, which shows that the executor has accepted the execution. */
  get accepted(): Promise<void> {
    return this.#accepted.promise
  }

  sent(): void {
    this.status = 'running'
  }

  /** Updates status and progress from an event of the execution. */
  update(event: ExecutionEvent): void {
    if (event.type === 'waiting') this.status = 'waiting'
    else if (event.type !== 'finished') this.status = 'running'
    if (event.type === 'log') this.#increment('logs')
    this.#accepted.resolve()
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
