import type { ExecutionEvent, ExecutionStatus } from '@codemode/shared'

/** How far an execution has come. */
export interface ExecutionProgress {
  /** Calls that have reached this client. */
  readonly toolCalls: number
  /** Those of these calls that this client has answered. */
  readonly toolCallsSettled: number
  /** Entries of the console, as far as the execution's events are followed. */
  readonly logs: number
}

/** Bounds the memory of an execution whose handlers fail again and again. */
const maxHandlerErrors = 100

/** State of one execution under way, as far as this client knows it. */
export class ExecutionState {
  status: ExecutionStatus = 'queued'
  progress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }
  readonly #handlerErrors = new Map<string, unknown>()
  readonly #accepted = Promise.withResolvers<void>()

  /** Resolves at the first event: the executor has accepted the execution. */
  get accepted(): Promise<void> {
    return this.#accepted.promise
  }

  sent(): void {
    this.status = 'running'
  }

  note(event: ExecutionEvent): void {
    if (event.type === 'waiting') this.status = 'waiting'
    else if (event.type !== 'finished') this.status = 'running'
    if (event.type === 'log') this.#count('logs')
    this.#accepted.resolve()
  }

  toolCalled(): void {
    this.#count('toolCalls')
  }

  toolSettled(): void {
    this.#count('toolCallsSettled')
  }

  /** What the handlers of this process threw, by the id of the call; the last hundred. */
  get handlerErrors(): ReadonlyMap<string, unknown> {
    return this.#handlerErrors
  }

  handlerThrew(callId: string, thrown: unknown): void {
    this.#handlerErrors.set(callId, thrown)
    if (this.#handlerErrors.size > maxHandlerErrors) {
      this.#handlerErrors.delete(this.#handlerErrors.keys().next().value!)
    }
  }

  #count(what: keyof ExecutionProgress): void {
    this.progress = { ...this.progress, [what]: this.progress[what] + 1 }
  }
}
