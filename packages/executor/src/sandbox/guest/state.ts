import type { Emit, GuestLimits } from '../guest-boundary.ts'
import type { ContentsOf } from './contents.ts'
import type { Primordials } from './primordials.ts'
import type { LoadRare } from './rare-parts.ts'
import type { StackTraces } from './stack-frames.ts'

/**
 * Throws if the execution has ended. This stops code that continues after the end, such as a loop that exceeded a
 * limit.
 */
export function assertNotEnded(p: Primordials, state: RuntimeState): void {
  if (state.ended) throw new p.Error('The execution has ended')
}

/** Number of times that code reads the clock in one turn after which it probably waits for the clock. */
const readsOfWaitingCode = 1_000

/** Returns the time of the turn, and counts how often code reads it. */
export function readClock(state: RuntimeState): number {
  if (++state.clockReads === readsOfWaitingCode) state.emit('clock')
  return state.at
}

/** State that the parts of the runtime share. */
export interface RuntimeState {
  /** Timestamp of the turn, in milliseconds since the epoch. Time stands still within a turn. */
  at: number
  /** Number of times that code has read the clock in the turn. */
  clockReads: number
  startedAt: number
  /** Whether the execution has ended. After that, nothing that the guest does has an effect. */
  ended: boolean
  /** Whether the code is a step of a session. */
  isStep: boolean
  limits: GuestLimits
  readonly emit: Emit
  /** Whether the console may read ahead in iterators: a loop that is reading one would miss what was read ahead. */
  mayReadAhead: boolean
  readonly rare: LoadRare
  /** Functions by which the console shows objects of the platform. Each is added when the classes of its objects are made. */
  readonly inspectors: ContentsOf[]
  readonly stackTraces: StackTraces
  /** Functions that begin anew what a step of a session does not take over from the step before. */
  readonly atStepStart: (() => void)[]
  /** Promise that the current turn rejected first; see `createRuntime`. */
  endOfTurn: unknown
}
