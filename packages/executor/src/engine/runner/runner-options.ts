import type { ExecutionFailure, JournalEntry } from '@codemode/shared'

import type { Placement, Sandbox } from '../../sandbox/sandbox.ts'
import type { ExecutionTrace } from '../../tracing/spans.ts'
import type { EngineObserver, ObservedExecution } from '../engine-observer.ts'
import type { Realm } from '../session/realm.ts'
import type { ToolTransport } from '../../tools/transport.ts'
import type { EntryOf } from '../state/changes.ts'
import type { ExecutionState } from '../state/execution-state.ts'
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
  readonly observer: EngineObserver
}

/** Options of a runner. */
export interface ExecutionRunnerOptions extends RunnerParts {
  /** Facts about the execution for the observer. */
  readonly observed: ObservedExecution
  readonly journal: JournalLog
  /** State after the last entry of the journal. */
  readonly state: ExecutionState
  /** Span of the run, which the runner ends, and the context of its tool calls. */
  readonly trace: ExecutionTrace
  /** Commits entries to the store. Returns undefined if they are committed; otherwise a promise. */
  readonly append: (entries: readonly JournalEntry[]) => Promise<void> | undefined
  /**
   * Confirms the lease before calls are sent. Returns undefined if it was confirmed lately; otherwise a promise, which
   * rejects if the lease is lost. Absent for attached executions, which no other node can claim.
   */
  readonly confirm?: () => Promise<void> | undefined
  /**
   * Takes the messages that were sent to the execution before, if others can send any. Resolves with false if they can't be
   * read.
   */
  readonly takeMessages?: () => Promise<boolean>
  /**
   * True if the guest may begin the turns of answers that wait while the runner commits those before. Only a journal in memory
   * commits so fast that the guest's state is not ahead of it for longer than a turn.
   */
  readonly sendsAnswersAhead?: boolean
  /** Way to give the execution back while it waits; absent for an execution that stays on its node. */
  readonly parking?: Parking
  /** Realm of the session whose step the execution is; absent for other executions. */
  readonly realm?: Realm | undefined
  /** Called when a turn has been requested from the sandbox. */
  onTurnRequested(): void
  onEnded(): void
}

/** Way to park an execution. */
export interface Parking {
  /**
   * Returns the milliseconds after which the execution is to be parked, 0 for at once, if it waits until then; undefined
   * if it stays here. `nextDueAt` is the time of its next timer or deadline, in milliseconds since the epoch.
   */
  delayMs(nextDueAt: number): number | undefined
  /** Whether a guest that can't be rebuilt is parked, because another version of the runtime may be able to. */
  readonly keepsDiverged: boolean
  /** Commits the entry, and gives the lease back. Resolves with the entry; with undefined if the execution stays here. */
  park(entry: EntryOf<'park'>): Promise<EntryOf<'park'> | undefined>
  /** Returns the failure of an execution whose wall timeout expires while it should be parked; absent if it is that of any. */
  failureAtTimeout?(timeout: WallTimeout): ExecutionFailure
}

/** Claim of an execution by a node, and the time that the node gives it. */
export interface Claim {
  readonly epoch: number
  readonly node: string
  readonly wallTimeout: WallTimeout
  /** Milliseconds of the wall timeout that earlier claims have left over; all of it by default. */
  readonly leftMs?: number
  /** Milliseconds for which the entry of the claim may wait for that of the first turn, to be committed with it. */
  readonly heldMs?: number
  /** Set if tool calls wait for a client that resumes the execution. */
  readonly servedBy?: 'client'
}
