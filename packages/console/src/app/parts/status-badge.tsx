import type { ApprovalStatus, ExecutionStatus } from '@codemode/shared'

const names: Readonly<Record<ExecutionStatus | ApprovalStatus, string>> = {
  queued: 'Queued',
  running: 'Running',
  waiting: 'Waiting',
  paused: 'Paused',
  needs_attention: 'Needs attention',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  pending: 'Pending',
  approved: 'Approved',
  rejected: 'Rejected',
  responded: 'Responded',
  expired: 'Expired',
}

/** Status of an execution or of an approval, as a word and a colour. */
export function StatusBadge({ status }: { status: ExecutionStatus | ApprovalStatus }) {
  return <span class={`badge badge-${status}`}>{names[status]}</span>
}

/** Returns the name of a status, as the badge shows it. */
export const statusName = (status: ExecutionStatus | ApprovalStatus): string => names[status]
