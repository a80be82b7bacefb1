import type { RuntimeText } from './runtime-source.ts'

/** Assignment of a process to a tenant. */
export interface Assignment {
  readonly tenant: string
  /** Whether the process serves a single guest. */
  readonly isSingleGuest: boolean
  /** Guest runtime of another version that the process runs; undefined if it runs that of the pool. */
  readonly runtime?: RuntimeText | undefined
}

/** Use of one sandbox process by its tenant, from which the pool decides which process is needed least. */
export class ProcessUse {
  #assignment: Assignment | undefined
  #usableSince = 0
  #lastTurnAt = 0

  /** Tenant that the process is assigned to; undefined while it is unused. A process never serves a second tenant. */
  get assignment(): Assignment | undefined {
    return this.#assignment
  }

  assign(assignment: Assignment): void {
    this.#assignment = assignment
    this.restart()
  }

  /**
   * Restarts the measurement of times. It is called on assignment and again when the process is ready, because a tenant
   * can't use the process before.
   */
  restart(): void {
    this.#usableSince = performance.now()
    this.#lastTurnAt = this.#usableSince
  }

  recordTurnEnd(): void {
    this.#lastTurnAt = performance.now()
  }

  /** Milliseconds since the last turn ended. */
  get sinceTurnMs(): number {
    return performance.now() - this.#lastTurnAt
  }

  /** Milliseconds for which the tenant has been able to use the process. */
  get usableMs(): number {
    return performance.now() - this.#usableSince
  }
}
