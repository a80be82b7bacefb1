import { maxTimerMs } from '@codemode/shared'

import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'

/** Deadline of a tool call. */
export interface CallDeadline {
  /** Time of the deadline in milliseconds since the epoch; no later than the end of the execution's timeout. */
  readonly at: number
  /** Timeout of the call itself, in milliseconds. */
  readonly timeoutMs: number
  /** Option that sets the timeout: of the tool, or of the execution for all tools. */
  readonly option: 'timeoutMs' | 'toolTimeoutMs'
}

/**
 * Returns the deadline of a call that has a place in flight: the time at which it got the place, plus its timeout. A call
 * about which a person decides in the client ends with the execution only; the client limits its handler.
 */
export function callDeadline(
  { header, endsAt = Infinity }: Pick<ExecutionState, 'header' | 'endsAt'>,
  { tool, sentAt }: CallState,
): CallDeadline {
  const declared = header.tools.find(({ name }) => name === tool)
  const ownMs = declared?.timeoutMs
  const isDecidedByClient = header.approvals === 'client' && declared?.requiresApproval !== undefined
  const timeoutMs = isDecidedByClient ? maxTimerMs : (ownMs ?? header.limits.toolTimeoutMs)
  const at = Math.min(sentAt! + timeoutMs, endsAt)
  return { at, timeoutMs, option: ownMs === undefined ? 'toolTimeoutMs' : 'timeoutMs' }
}
