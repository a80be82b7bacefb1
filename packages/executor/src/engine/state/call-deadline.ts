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

/** Returns the deadline of a call that has a place in flight: the time at which it got the place, plus its timeout. */
export function callDeadline(
  { header, endsAt = Infinity }: Pick<ExecutionState, 'header' | 'endsAt'>,
  { tool, sentAt }: CallState,
): CallDeadline {
  const ownMs = header.tools.find(({ name }) => name === tool)?.timeoutMs
  const timeoutMs = ownMs ?? header.limits.toolTimeoutMs
  const at = Math.min(sentAt! + timeoutMs, endsAt)
  return { at, timeoutMs, option: ownMs === undefined ? 'toolTimeoutMs' : 'timeoutMs' }
}
