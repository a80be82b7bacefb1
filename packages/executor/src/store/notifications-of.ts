// Notifications that a change of an execution causes, for the receiver that its request names.
import { callIdOf, type ExecutionFailure, type Notify, type NotificationMessage } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import type { ExecutionFacts, StatusChange } from './execution-store.ts'
import type { RequestedApproval } from './stored-approval.ts'

/** Notification to store. */
export interface NewNotification {
  /** Id of the webhook. An event has the same one however often it is stored and sent. */
  readonly id: string
  readonly message: NotificationMessage
}

/** Change of an execution. */
export interface ExecutionChange {
  readonly change?: StatusChange | undefined
  /** Approvals that the change requests. */
  readonly requested?: readonly RequestedApproval[] | undefined
  /** Number of entries of the journal after the change. */
  readonly position: number
  readonly at: number
}

/** Maximum number of characters of an error's message in a notification. */
const maxMessageLength = 1_024

/** Returns the notifications of a change that the receiver of the execution has asked for. */
export function notificationsOf(facts: ExecutionFacts, changed: ExecutionChange): NewNotification[] {
  const { notify } = facts
  if (notify === undefined) return []
  return [...approvalsRequested(facts, changed, notify), ...statusReached(facts, changed, notify)]
}

function approvalsRequested(facts: ExecutionFacts, { requested = [], position }: ExecutionChange, { events }: Notify) {
  if (!events.includes('approval.requested')) return []
  return requested.map(({ call, tool, inputHash, reason, requestedAt, expiresAt }): NewNotification => {
    const callId = callIdOf(facts.id, call)
    const data = {
      ...subjectOf(facts),
      callId,
      tool,
      inputHash,
      ...(reason !== undefined && { reason }),
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    }
    // A call may request approvals several times, each after other entries.
    const id = `${callId}:approval_requested:${position}`
    return { id, message: { type: 'approval.requested', timestamp: timeOf(requestedAt), data } }
  })
}

function statusReached(
  facts: ExecutionFacts,
  { change, position, at }: ExecutionChange,
  { events }: Notify,
): NewNotification[] {
  switch (change?.status) {
    case 'completed':
    case 'failed':
    case 'cancelled': {
      if (!events.includes('finished')) return []
      const data = { ...subjectOf(facts), status: change.status, ...errorOf(change) }
      const timestamp = timeOf(change.finishedAt ?? at)
      return [{ id: `${facts.id}:finished`, message: { type: 'execution.finished', timestamp, data } }]
    }
    case 'needs_attention': {
      if (!events.includes('needs_attention')) return []
      const data = { ...subjectOf(facts), status: change.status, ...errorOf(change) }
      // An execution may need attention several times, each after other entries.
      const id = `${facts.id}:needs_attention:${position}`
      return [{ id, message: { type: 'execution.needs_attention', timestamp: timeOf(at), data } }]
    }
    default:
      return []
  }
}

const timeOf = (at: number): string => new Date(at).toISOString()

function subjectOf({ id, correlationId, label }: ExecutionFacts) {
  return { executionId: id, correlationId, ...(label !== undefined && { label }) }
}

function errorOf({ error }: StatusChange): { error?: Pick<ExecutionFailure, 'code' | 'message'> } {
  if (error === undefined) return {}
  return { error: { code: error.code, message: textHead(error.message, maxMessageLength) } }
}
