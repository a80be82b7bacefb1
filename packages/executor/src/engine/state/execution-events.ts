// Events of an execution, derived from the entries of its journal. An event's id is `<sequence>.<ordinal>`: the number of
// its entry and its number within the entry, both counted from 1. So any node that has the journal can resume a stream.
import { callIdOf, type ExecutionEvent } from '@codemode/shared'
import type { TraceContext } from '@codemode/shared/internal'

import { timestamp } from '../../timestamp.ts'
import type { EventText } from '../engine.ts'
import { approvalsText } from './approval-text.ts'
import { callDeadline } from './call-deadline.ts'
import type { CallState } from './call-table.ts'
import type { Changes } from './changes.ts'
import type { ExecutionState } from './execution-state.ts'
import { pendingApprovalOf, pendingApprovals } from './pending-approval.ts'
import { withJsonField, jsonText } from './json-field.ts'
import { resultOf } from './report.ts'

/** Returns the context of the span of a call; undefined if there is none. */
export type TraceOfCall = (call: CallState) => TraceContext | undefined

type Unstamped<Event> = Event extends unknown
  ? Omit<Event, 'id' | 'at' | 'executionId' | 'input' | 'result' | 'approvals'>
  : never

/**
 * Yields the events of the entry that was applied to the state last. Payloads are inserted into their texts as the journal
 * has them, unchanged.
 */
export function* eventsOf(
  state: ExecutionState,
  changes: Changes,
  { sequence, traceOf }: { readonly sequence: number; readonly traceOf?: TraceOfCall | undefined },
): Generator<EventText> {
  const { executionId, correlationId } = state.header
  const at = timestamp(state.time.lastAt)
  let ordinal = 0

  function stamped<Event extends Unstamped<ExecutionEvent>>(event: Event) {
    ordinal += 1
    return { ...event, id: `${sequence}.${ordinal}`, at, executionId }
  }

  function text(event: Unstamped<ExecutionEvent>): EventText {
    const whole = stamped(event)
    return { id: whole.id, type: whole.type, json: JSON.stringify(whole) }
  }

  const namesOf = ({ number, tool }: CallState) => ({ callId: callIdOf(executionId, number), tool })

  if (changes.isStart) yield text({ type: 'started', correlationId, createdAt: timestamp(state.createdAt) })
  for (const { level, text: line } of changes.logs) yield text({ type: 'log', level, text: line })
  for (const call of changes.settled) {
    const { status, errorCode } = call as CallState & { readonly status: 'completed' | 'failed' | 'cancelled' }
    yield text({ type: 'tool.settled', ...namesOf(call), status, ...(errorCode !== undefined && { errorCode }) })
  }
  for (const call of changes.requested) {
    const { inputHash, input, reason, requestedAt, expiresAt } = pendingApprovalOf(state.header, call)
    const event = stamped({
      type: 'approval.requested',
      ...namesOf(call),
      inputHash,
      requestedAt: timestamp(requestedAt),
      ...(reason !== undefined && { reason }),
      ...(expiresAt !== undefined && { expiresAt: timestamp(expiresAt) }),
    })
    yield { id: event.id, type: event.type, json: withJsonField(event, 'input', jsonText(input)).text }
  }
  if (changes.decided !== undefined) {
    const { call, decision, by, note, reason } = changes.decided
    yield text({
      type: 'approval.decided',
      ...namesOf(call),
      decision,
      ...(by !== undefined && { by }),
      ...(note !== undefined && { note }),
      ...(reason !== undefined && { reason }),
    })
  }
  for (const call of changes.sent) {
    const trace = traceOf?.(call)
    const event = stamped({
      type: 'tool.called',
      ...namesOf(call),
      // Nobody knows when a client will come to serve the call.
      ...(!state.isServedByClient && { deadline: timestamp(callDeadline(state, call).at) }),
      ...(call.approval !== undefined && { approval: call.approval }),
      ...(trace && { trace }),
    })
    yield { id: event.id, type: event.type, json: withJsonField(event, 'input', jsonText(call.input)).text }
  }
  if (changes.isWait) {
    const openCalls = state.calls.firstOpen().map(({ number }) => callIdOf(executionId, number))
    yield text({ type: 'waiting', openCalls })
  }
  if (changes.isPromotion) {
    const event = stamped({ type: 'paused', correlationId })
    const approvals = approvalsText(executionId, pendingApprovals(state))
    yield { id: event.id, type: event.type, json: withJsonField(event, 'approvals', approvals).text }
  }
  if (changes.isEnd) {
    const event = stamped({ type: 'finished' })
    yield { id: event.id, type: event.type, json: withJsonField(event, 'result', resultOf(state)).text }
  }
}
