import { useLocation } from 'preact-iso'

import type { Approval, ApprovalStatus } from '@codemode/shared'
import { useRef, useState } from 'preact/hooks'

import { listApprovals } from '../../api/approvals.ts'
import { useResource } from '../../api/use-resource.ts'
import { pagePath } from '../../base-path.ts'
import { EmptyNotice, ErrorNotice, Loading } from '../../parts/notice.tsx'
import { statusName } from '../../parts/status-badge.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { useSession } from '../../session-context.ts'
import { ApprovalCard } from './approval-card.tsx'

const everyMs = 3_000
const pageSize = 50
const statuses = [
  'pending',
  'approved',
  'rejected',
  'responded',
  'expired',
  'cancelled',
] as const satisfies ApprovalStatus[]

/** Returns the order of a list: approvals that wait with the oldest first, those that were decided with the newest first. */
const orderOf = (status: ApprovalStatus) => (status === 'pending' ? 'oldest' : 'newest')

/** Inbox of approvals: those that wait for a decision, and what was decided about the others. */
export function ApprovalsPage() {
  useTitle('Approvals')
  const { query, route } = useLocation()
  const { hasStore } = useSession()
  const status = statuses.find((one) => one === query['status']) ?? 'pending'
  return (
    <div class="page">
      <h1>Approvals</h1>
      {hasStore ? (
        <>
          <div class="segments" role="group" aria-label="Status">
            {statuses.map((one) => (
              <button
                type="button"
                key={one}
                aria-pressed={status === one}
                onClick={() => route(pagePath('/approvals', one === 'pending' ? {} : { status: one }))}
              >
                {statusName(one)}
              </button>
            ))}
          </div>
          <ApprovalList key={status} status={status} />
        </>
      ) : (
        <EmptyNotice title="This executor keeps no approvals">
          <p>Approvals need a store, and CODEMODE_STORE is none.</p>
        </EmptyNotice>
      )}
    </div>
  )
}

function ApprovalList({ status }: { status: ApprovalStatus }) {
  const [cursors, setCursors] = useState<readonly string[]>([])
  const cursor = cursors.at(-1)
  // Approvals whose form was used stay on the page after they were decided, so that nothing disappears while somebody types.
  const used = useRef(new Map<string, Approval>())
  const { value, error, reload } = useResource(
    `${status} ${cursor ?? ''}`,
    async (signal) => {
      const page = await listApprovals({ status, order: orderOf(status), cursor, limit: pageSize }, signal)
      return { ...page, items: await withUsed(page.items, used.current, orderOf(status), signal) }
    },
    { everyMs: () => everyMs },
  )
  return (
    <>
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading of="approvals" />}
      {value?.items.length === 0 && (
        <EmptyNotice title={status === 'pending' ? 'Nothing waits for a decision' : 'There are none'}>
          {status === 'pending' && <p>A call of a tool that requires an approval appears here at once.</p>}
        </EmptyNotice>
      )}
      <div class="approvals">
        {value?.items.map((approval) => (
          <ApprovalCard
            key={approval.callId}
            approval={approval}
            onTouch={() => used.current.set(approval.callId, approval)}
            onDecided={reload}
          />
        ))}
      </div>
      <nav class="pager" aria-label="Pages of the list">
        {cursors.length > 0 && (
          <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
            Previous page
          </button>
        )}
        {value?.nextCursor != null && (
          <button type="button" onClick={() => setCursors([...cursors, value.nextCursor!])}>
            Next page
          </button>
        )}
      </nav>
    </>
  )
}

/** Returns the approvals with the used ones that are not among them any more, which are read again until they are decided. */
async function withUsed(
  items: readonly Approval[],
  used: Map<string, Approval>,
  order: 'oldest' | 'newest',
  signal: AbortSignal,
) {
  const listed = new Set(items.map(({ callId }) => callId))
  const others = [...used.values()].filter(({ callId }) => !listed.has(callId))
  for (const { callId, executionId } of others.filter(({ status }) => status === 'pending')) {
    const ofExecution = await listApprovals({ executionId, limit: pageSize }, signal)
    const now = ofExecution.items.find((approval) => approval.callId === callId)
    if (now !== undefined) used.set(callId, now)
  }
  const kept = others.map(({ callId }) => used.get(callId)!)
  const direction = order === 'oldest' ? 1 : -1
  // Those of one turn have the same time. They stay in the order of the list.
  return [...items, ...kept].sort((a, b) => direction * (Date.parse(a.requestedAt) - Date.parse(b.requestedAt)))
}
