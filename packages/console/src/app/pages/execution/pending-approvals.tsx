import { listApprovals } from '../../api/approvals.ts'
import { useResource } from '../../api/use-resource.ts'
import { ErrorNotice } from '../../parts/notice.tsx'
import { ApprovalCard } from '../approvals/approval-card.tsx'

const everyMs = 3_000

/** Approvals for which an execution waits, each with its decision form. */
export function PendingApprovals({ executionId, onChange }: { executionId: string; onChange: () => void }) {
  const { value, error, reload } = useResource(
    executionId,
    (signal) => listApprovals({ status: 'pending', executionId, limit: 50 }, signal),
    { everyMs: () => everyMs },
  )
  return (
    <section class="pending" aria-labelledby="pending-title">
      <h2 id="pending-title">Waits for a decision</h2>
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {value?.items.map((approval) => (
        <ApprovalCard
          key={approval.callId}
          approval={approval}
          showsExecution={false}
          onDecided={() => {
            reload()
            onChange()
          }}
        />
      ))}
    </section>
  )
}
