import type { Approval } from '@codemode/shared'

import { ApprovalCard } from '../approvals/approval-card.tsx'

/** Approvals for which an execution waits, each with its decision form. */
export function PendingApprovals({ approvals, onDecided }: { approvals: readonly Approval[]; onDecided: () => void }) {
  if (approvals.length === 0) return null
  return (
    <section class="pending" aria-labelledby="pending-title">
      <h2 id="pending-title">Waits for a decision</h2>
      {approvals.map((approval) => (
        <ApprovalCard key={approval.callId} approval={approval} showsExecution={false} onDecided={onDecided} />
      ))}
    </section>
  )
}
