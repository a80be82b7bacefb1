import type { ExecutionState } from './state/execution-state.ts'
import { waitReasonOf, type WaitReason } from './state/wait-reason.ts'

/** Number of executions on a node, by what they do. */
export interface EngineLoad {
  /** Attached executions that wait for admission. */
  readonly queued: number
  /** Milliseconds for which the first of them waits; 0 if there is none. */
  readonly oldestQueuedMs: number
  /** Executions that are admitted or leased and have not ended; steps of sessions count with their kind of session. */
  readonly inFlight: { readonly attached: number; readonly detached: number }
  /** Those of them that wait, by what they wait for. */
  readonly waiting: Readonly<Record<Exclude<WaitReason, 'attention'>, number>>
}

/** Returns the number of executions that wait, by what they wait for. */
export function countWaiting(states: Iterable<ExecutionState>): EngineLoad['waiting'] {
  const waiting = { tool: 0, timer: 0, approval: 0, deferred: 0 }
  for (const state of states) {
    if (state.status !== 'waiting' && state.status !== 'paused') continue
    const reason = waitReasonOf(state)
    if (reason !== 'attention') waiting[reason] += 1
  }
  return waiting
}
