import type { Primordials } from './primordials.ts'

/** The limits that the runtime itself enforces, as they stand in the journal's header. Sizes are in bytes of UTF-8. */
export interface GuestLimits {
  readonly resultBytes: number
  readonly toolInputBytes: number
  readonly logBytes: number
  readonly journalBytes: number
  readonly maxToolCalls: number
  readonly memoryLimitMb: number
  readonly timers: number
}

/** The guest's source after its preparation in the sandbox process, or why it can't be run. */
export type PreparedGuestSource =
  | {
      readonly ok: true
      readonly body: string
      /** Where text was put into a line, so that columns behind it are shown as the author wrote them. */
      readonly shift: { readonly line: number; readonly column: number; readonly width: number } | null
    }
  | { readonly ok: false; readonly message: string; readonly line?: number; readonly column?: number }

/** What the first turn delivers. */
export interface StartSpec {
  readonly source: PreparedGuestSource
  /** JSON texts. */
  readonly context: string
  readonly config: string
  readonly limits: GuestLimits
  readonly seed: string
  readonly tools: readonly string[]
}

/** How the runtime tells the host what happened; see `GuestHost` for the other side. */
export interface Emit {
  (kind: 'log', level: string, text: string): void
  (kind: 'dropped', bytes: number): void
  (kind: 'call', call: number, tool: string, input: string): void
  /** The time at which the next timer is due, or -1. */
  (kind: 'timer', at: number): void
  /** The JSON text of what the code returns, in case it ends so. Tells how many bytes of UTF-8 it has. */
  (kind: 'result', text: string): number
  /** JSON text of a `GuestEnd`, without its result. */
  (kind: 'end', text: string): void
}

/** Thrown at code that goes on after its execution has ended: a loop that exceeds a limit ends with it. */
export function assertNotEnded(p: Primordials, state: RuntimeState): void {
  if (state.ended) throw new p.Error('The execution has ended')
}

/** What the parts of the runtime share. */
export interface RuntimeState {
  /** The turn's timestamp, in milliseconds since the epoch. Time stands still within a turn. */
  at: number
  startedAt: number
  /** Once set, nothing of the guest has an effect any more. */
  ended: boolean
  limits: GuestLimits
  readonly emit: Emit
  /** The promise that the current turn rejected first; see `createRuntime`. */
  endOfTurn: unknown
}
