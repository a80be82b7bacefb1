import { maxTimerMs } from '@codemode/shared'

import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'

/** Deadline of a tool call. */
export interface CallDeadline {
  /** Time of the deadline in milliseconds since the epoch; no later than the end of the execution's timeout. */
  readonly at: number
  /** Time at which the timeout of the call itself expires, in milliseconds since the epoch. */
  readonly ownAt: number
  /** Timeout of the call itself, in milliseconds. */
  readonly timeoutMs: number
  /** Option that sets the timeout: of the tool, or of the execution for all tools. */
  readonly option: 'timeoutMs' | 'toolTimeoutMs'
}

/**
 * Returns the deadline of a call that has a place in flight: the time at which it got the place, plus its timeout, plus the
 * time in which no node ran the execution. So a call is not lost because the executor was down. A call about which a
 * person decides in the client ends with the execution only; the client limits its handler.
 */
export function callDeadline(
  { header, endsAt = Infinity }: Pick<ExecutionState, 'header' | 'endsAt'>,
  { tool, sentAt, downMs }: CallState,
): CallDeadline {
  const declared = header.tools.find(({ name }) => name === tool)
  const isDecidedByClient = header.approvals === 'client' && declared?.requiresApproval !== undefined
  const timeoutMs = isDecidedByClient ? maxTimerMs : (declared?.timeoutMs ?? header.limits.toolTimeoutMs)
  const ownAt = sentAt! + downMs + timeoutMs
  const option = declared?.timeoutMs === undefined ? 'toolTimeoutMs' : 'timeoutMs'
  return { at: Math.min(ownAt, endsAt), ownAt, timeoutMs, option }
}
