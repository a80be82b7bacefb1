import type { Primordials } from './primordials.ts'

/** Limits that the runtime itself enforces, as in the journal's header. Sizes are in bytes of UTF-8. */
export interface GuestLimits {
  readonly resultBytes: number
  readonly toolInputBytes: number
  readonly logBytes: number
  readonly journalBytes: number
  readonly maxToolCalls: number
  readonly memoryLimitMb: number
  readonly timers: number
}

/** Source of the guest after its preparation in the sandbox process, or the reason why it can't be run. */
export type PreparedGuestSource =
  | {
      readonly ok: true
      readonly body: string
      /** Place where text was inserted into a line, so that columns behind it are shown as the author wrote them. */
      readonly shift: { readonly line: number; readonly column: number; readonly width: number } | null
    }
  | { readonly ok: false; readonly message: string; readonly line?: number; readonly column?: number }

/** Content of the first turn. */
export interface StartSpec {
  readonly source: PreparedGuestSource
  /** Context of the execution, as JSON text. */
  readonly context: string
  /** Configuration of the execution, as JSON text. */
  readonly config: string
  readonly limits: GuestLimits
  readonly seed: string
  readonly tools: readonly string[]
}

/** Function by which the runtime reports to the host during a turn; see `GuestHost` for the other side. */
export interface Emit {
  (kind: 'log', level: string, text: string): void
  (kind: 'dropped', bytes: number): void
  (kind: 'call', call: number, tool: string, input: string): void
  /** Reports the time at which the next timer is due, or -1. */
  (kind: 'timer', at: number): void
  /**
   * Reports the JSON text of the value that the code returns; it is used if the execution ends with it. Returns its
   * size in bytes of UTF-8.
   */
  (kind: 'result', text: string): number
  /** Reports the end of the execution: the JSON text of a `GuestEnd`, without its result. */
  (kind: 'end', text: string): void
}

/**
 * Throws if the execution has ended. This stops code that continues after the end, such as a loop that exceeded a
 * limit.
 */
export function assertNotEnded(p: Primordials, state: RuntimeState): void {
  if (state.ended) throw new p.Error('The execution has ended')
}

/** State that the parts of the runtime share. */
export interface RuntimeState {
  /** Timestamp of the turn, in milliseconds since the epoch. Time stands still within a turn. */
  at: number
  startedAt: number
  /** Whether the execution has ended. After that, nothing that the guest does has an effect. */
  ended: boolean
  limits: GuestLimits
  readonly emit: Emit
  /** Promise that the current turn rejected first; see `createRuntime`. */
  endOfTurn: unknown
}
