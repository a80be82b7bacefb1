// Times by which a call that waits for an approval or a deferred answer must be settled. They are in the declaration of its
// tool; by default there are none.
import type { JournalHeader } from '@codemode/shared'

import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'

/** Option that limits how long a call may wait. */
type HeldOption = 'approvalTimeoutMs' | 'deferTimeoutMs'

/** End of the time that a held call has. */
export interface HeldDeadline<Call = CallState> {
  readonly call: Call
  readonly option: HeldOption
  readonly timeoutMs: number
  /** Time in milliseconds since the epoch. */
  readonly at: number
}

/** Facts about a call that is held. */
type HeldCall = Pick<CallState, 'tool' | 'status' | 'heldAt'>

/** Returns the deadline of a call that waits for an approval or a deferred answer; undefined if it has none. */
export function heldDeadlineOf<Call extends HeldCall>(
  header: Pick<JournalHeader, 'tools'>,
  call: Call,
): HeldDeadline<Call> | undefined {
  if (call.heldAt === undefined) return undefined
  const option = call.status === 'paused' ? 'approvalTimeoutMs' : 'deferTimeoutMs'
  const timeoutMs = header.tools.find(({ name }) => name === call.tool)?.[option]
  return timeoutMs === undefined ? undefined : { call, option, timeoutMs, at: call.heldAt + timeoutMs }
}

/** Returns the first deadline of the calls that wait for approvals or deferred answers; undefined if there is none. */
export function firstHeldDeadline({
  header,
  calls,
}: Pick<ExecutionState, 'header' | 'calls'>): HeldDeadline | undefined {
  let first: HeldDeadline | undefined
  for (const call of calls.held) {
    const deadline = heldDeadlineOf(header, call)
    if (deadline !== undefined && (first === undefined || deadline.at < first.at)) first = deadline
  }
  return first
}
