import type { ExecutionState } from './execution-state.ts'

/** Reasons for which an execution waits: `deferred` for the later answer of a tool, `attention` for an operator. */
export const waitReasons = ['tool', 'timer', 'approval', 'deferred', 'attention'] as const

export type WaitReason = (typeof waitReasons)[number]

/** Returns the reason for which an execution waits. One that waits for several things has the one that comes first here. */
export function waitReasonOf({
  attention,
  status,
  calls,
}: Pick<ExecutionState, 'attention' | 'status' | 'calls'>): WaitReason {
  if (attention !== undefined) return 'attention'
  if (status === 'paused') return 'approval'
  if (calls.activeCount > 0) return 'tool'
  return calls.openCount > 0 ? 'deferred' : 'timer'
}
