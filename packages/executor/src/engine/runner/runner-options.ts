import type { JournalEntry } from '@codemode/shared'

import type { Placement, Sandbox } from '../../sandbox/sandbox.ts'
import type { ToolTransport } from '../../tools/transport.ts'
import type { EntryOf, ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'
import type { WallTimeout } from './failures.ts'
import type { Pacer } from './pacer.ts'

/** Parts of the executor that a runner works with. */
export interface RunnerParts {
  readonly sandbox: Sandbox
  readonly placement: Placement
  readonly transport: ToolTransport
  readonly pacer: Pacer
  readonly now: () => number
  /** Called with the error of a bug in the executor, after it has ended the execution. */
  onFailedByBug(error: unknown): void
}

/** Options of a runner. */
export interface ExecutionRunnerOptions extends RunnerParts {
  readonly journal: JournalLog
  /** State after the last entry of the journal. */
  readonly state: ExecutionState
  /** Commits entries to the store. Returns undefined if they are committed; otherwise a promise. */
  readonly append: (entries: readonly JournalEntry[]) => Promise<void> | undefined
  /**
   * Confirms the lease before calls are sent. Returns undefined if it was confirmed lately; otherwise a promise, which
   * rejects if the lease is lost. Absent for attached executions, which no other node can claim.
   */
  readonly confirm?: () => Promise<void> | undefined
  /** Way to give the execution back while it waits for a timer; absent for attached executions, which stay on their node. */
  readonly parking?: Parking
  /** Called when a turn has been requested from the sandbox. */
  onTurnRequested(): void
  onEnded(): void
}

/** Way to park an execution. */
interface Parking {
  /** Minimum time to the next timer, in milliseconds, for which an execution is parked. */
  readonly minMs: number
  /** Commits the entry and gives the lease back. Resolves with false if there are messages for the execution. */
  park(entry: EntryOf<'park'>): Promise<boolean>
}

/** Claim of an execution by a node, and the time that the node gives it. */
export interface Claim {
  readonly epoch: number
  readonly node: string
  readonly wallTimeout: WallTimeout
  /** Milliseconds of the wall timeout that earlier claims have left over; all of it by default. */
  readonly leftMs?: number
}
