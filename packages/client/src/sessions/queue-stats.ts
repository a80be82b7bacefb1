import type { AddedStep } from './session-steps.ts'

/** Counts and times of the steps that one `Session` has added since the last reset. */
export interface QueueStats {
  /** Steps that wait for the steps before them. */
  readonly pending: number
  /** Steps that run: one at most, as far as this client knows. */
  readonly running: number
  /** Steps that have ended with a value. */
  readonly completed: number
  /** Steps that have failed, or whose request has failed. */
  readonly failed: number
  /** Steps that were cancelled. */
  readonly cancelled: number
  /** All steps. */
  readonly total: number
  /** Mean wall time of the steps that have run, in milliseconds; undefined if there is none. */
  readonly averageMs: number | undefined
}

/** Returns the counts and times of steps. */
export function queueStatsOf(steps: readonly AddedStep[]): QueueStats {
  const statuses = steps.map(({ run }) => run.state.status)
  const count = (...which: string[]): number => statuses.filter((status) => which.includes(status)).length
  const times = steps.flatMap(({ ended }) => (ended !== undefined && ended.usage.turns > 0 ? [ended.usage.wallMs] : []))
  return {
    pending: count('queued'),
    running: count('running', 'waiting', 'paused'),
    completed: count('completed'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    total: steps.length,
    averageMs: times.length > 0 ? times.reduce((sum, ms) => sum + ms, 0) / times.length : undefined,
  }
}
