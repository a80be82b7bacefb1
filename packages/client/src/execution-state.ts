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

/** What this client knows of one execution, while it goes on. */
export class ExecutionState {
  status: ExecutionStatus = 'queued'
  progress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }
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

  #count(what: keyof ExecutionProgress): void {
    this.progress = { ...this.progress, [what]: this.progress[what] + 1 }
  }
}
